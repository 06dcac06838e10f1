"""A construct in words: the hover, what `explain` prints, and the page of all of them."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import dedent

from otpwise_analyzers.guide.base import Construct
from otpwise_analyzers.guide.catalogue import topics
from otpwise_analyzers.rules import page as rules_page
from otpwise_analyzers.rules.catalogue import RULES

TOPICS = {
    "otp": "Processes and supervision",
    "phoenix": "Phoenix",
    "ecto": "Ecto",
    "config": "Configuration",
    "deploy": "Releases, images and clusters",
    "telemetry": "Telemetry",
}


def hover(construct: Construct, here: str = "") -> str:
    """What the editor shows at a construct, in Markdown; `here` is what there is to say of this very place."""
    links = [f"[{reference.title}]({reference.url})" for reference in construct.references]
    # Their addresses would be longer than all else; `otpwise explain` has the pages.
    if rules := watching(construct):
        links.append(f"watched by {', '.join(f'`{rule}`' for rule in rules)}")
    return "\n\n".join(
        filter(
            None, (f"**{construct.name}** · {construct.summary}", flat(here), _body(construct), _row(links))
        )
    )


def page(construct: Construct) -> str:
    """All that there is to say of a construct, in Markdown."""
    return f"# {construct.name}\n\n{_section(construct, '')}"


def whole() -> str:
    """The page of all constructs, by topic."""
    parts = [
        "# What a hover teaches",
        (
            "Resting the pointer on one of these shows its text, in the editor, wherever it stands; `otpwise explain` "
            "prints it in a terminal. `hover.constructs = false` in the editor's settings, or `constructs = false` "
            "under `[hover]` in `.otpwise.toml`, turns these hovers off; those at findings stay."
        ),
    ]
    for topic, title in TOPICS.items():
        parts.append(f"## {title}")
        for construct in topics().get(topic, ()):
            parts.append(f"### {construct.name}\n\n{_section(construct, 'rules/')}".rstrip())
    return "\n\n".join(parts) + "\n"


def watching(construct: Construct) -> list[str]:
    """The rules that watch a construct."""
    return [rule for rule in construct.rules if rule in RULES]


def flat(text: str) -> str:
    """Paragraphs and lists without the line breaks of the source they are written in."""
    paragraphs = dedent(text).strip().split("\n\n")
    return "\n\n".join(
        paragraph if paragraph.startswith(("```", "- ", "| ")) else " ".join(paragraph.split())
        for paragraph in paragraphs
    )


def _body(construct: Construct) -> str:
    parts = [flat(construct.does)]
    if construct.costs:
        parts.append(f"**Costs.** {flat(construct.costs)}")
    if construct.instead:
        parts.append(f"**Instead.** {flat(construct.instead)}")
    return "\n\n".join(parts)


def _section(construct: Construct, rules: str) -> str:
    """Summary, text and links; `rules` is the folder of the rules' pages, empty for their addresses."""
    parts = [f"*{construct.summary}*", _body(construct)]
    names = [
        f"[`{name}`]({f'{rules}{name}.md' if rules else rules_page.url(name)})"
        for name in watching(construct)
    ]
    if names:
        parts.append(f"Watched by {', '.join(names)}.")
    if construct.also:
        parts.append(f"Also explained as {', '.join(f'`{name}`' for name in construct.also)}.")
    if construct.references:
        parts.append("See " + _row(f"[{ref.title}]({ref.url})" for ref in construct.references))
    return "\n\n".join(parts) + "\n"


def _row(links: Iterable[str]) -> str:
    return " · ".join(links)
