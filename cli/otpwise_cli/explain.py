"""`otpwise rules` and `otpwise explain`: rules and constructs, in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from difflib import get_close_matches

import msgspec

from otpwise_analyzers.guide import page as guide_page
from otpwise_analyzers.guide.catalogue import by_name, constructs, plain_name, topics
from otpwise_analyzers.rules import page
from otpwise_analyzers.rules.base import AnyRule
from otpwise_analyzers.rules.catalogue import FAMILIES, RULES
from otpwise_cli.check import complain
from otpwise_cli.output import console_for

_IMPACT_STYLES = {"high": "yellow", "medium": "blue", "low": "cyan"}


class RuleEntry(msgspec.Struct, frozen=True):
    """A rule in `otpwise rules --output-format json`."""

    name: str
    summary: str
    impact: str
    fix: bool
    since: str
    url: str
    mirrors: tuple[str, ...]


def list_rules(output_format: str, color: str) -> int:
    """Prints all rules. Returns the exit code."""
    if output_format == "json":
        entries = [
            RuleEntry(
                rule.name,
                rule.summary,
                rule.impact.value,
                has_fix(rule),
                rule.since,
                page.url(rule.name),
                rule.mirrors,
            )
            for rule in RULES.values()
        ]
        sys.stdout.write(msgspec.json.encode({"version": 1, "rules": entries}).decode() + "\n")
        return 0
    _print_list(RULES.values(), color)
    return 0


def explain(name: str, color: str) -> int:
    """Prints the page of a rule or a construct, or the rules of a family; without a name, the constructs.
    Returns the exit code."""
    written = name.strip().lower().removesuffix("/")
    if not written:
        _print_constructs(color)
        return 0
    if written in FAMILIES:
        _print_list((rule for rule in RULES.values() if rule.name.startswith(f"{written}/")), color)
        return 0
    rule = _by_name(written)
    construct = None if rule is not None else by_name().get(plain_name(name))
    if rule is not None:
        text = page.page(rule)
    elif construct is not None:
        text = guide_page.page(construct)
    else:
        close = _close(written)
        hint = f" Did you mean {' or '.join(f'`{other}`' for other in close)}?" if close else ""
        complain(
            f"there is no rule or construct `{name}`.{hint} `otpwise rules` lists the rules, "
            "`otpwise explain` the constructs."
        )
        return 2
    console = console_for(color)
    if not console.is_terminal:
        # Markdown is what a file, a pipe or a pager without colours can best do with.
        sys.stdout.write(text)
        return 0
    from rich.markdown import Markdown
    from rich.padding import Padding

    console.print(
        Padding(Markdown(text, code_theme="ansi_dark", hyperlinks=True), (0, 1)),
        width=min(console.width, 100),
    )
    return 0


def has_fix(rule: AnyRule) -> bool:
    """Whether some of the rule's findings can be fixed."""
    return any(example.fixed is not None or example.fixed_others for example in rule.incorrect)


def _by_name(written: str) -> AnyRule | None:
    """The rule of that name; also without its family, when only one is called so."""
    if written in RULES:
        return RULES[written]
    same = [rule for name, rule in RULES.items() if name.partition("/")[2] == written]
    return same[0] if len(same) == 1 else None


def _close(written: str) -> list[str]:
    """The names of rules, families and constructs that may have been meant, the nearest first."""
    shown = {name.partition("/")[2]: name for name in RULES}
    shown.update({plain: construct.name for plain, construct in by_name().items()})
    shown.update({name: name for name in (*FAMILIES, *RULES)})
    plain = plain_name(written)
    close = get_close_matches(plain, shown, n=4, cutoff=0.6) or get_close_matches(
        plain.rpartition("/")[2], shown, n=4, cutoff=0.6
    )
    return list(dict.fromkeys(shown[name] for name in close))[:2]


def _print_constructs(color: str) -> None:
    from rich.text import Text

    console = console_for(color)
    widest = max(len(name) for name in constructs())
    for topic, title in guide_page.TOPICS.items():
        console.print(Text(title, "bold"), soft_wrap=True)
        for construct in topics().get(topic, ()):
            line = Text(no_wrap=True)
            line.append(f"  {construct.name.ljust(widest)}", "bold")
            line.append(f"  {construct.summary}")
            if console.is_terminal:
                line.truncate(console.width, overflow="ellipsis")
            console.print(line, soft_wrap=True)


def _print_list(rules: Iterable[AnyRule], color: str) -> None:
    from rich.text import Text

    console = console_for(color)
    listed = list(rules)
    widest = max(len(rule.name) for rule in listed)
    for rule in listed:
        line = Text(no_wrap=True)
        line.append(rule.name.ljust(widest), f"bold link {page.url(rule.name)}")
        line.append(f"  {rule.impact.value:<6}", _IMPACT_STYLES[rule.impact.value])
        line.append(f"  {'fix' if has_fix(rule) else '   '}  ", "green")
        line.append(rule.summary)
        if console.is_terminal:
            line.truncate(console.width, overflow="ellipsis")
        else:
            line.rstrip()
        console.print(line, soft_wrap=True)
