"""Chooses the rules for a file, runs them, and settles what is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from otpwise_analyzers import suppressions
from otpwise_analyzers.findings import Confidence, Finding, Level
from otpwise_analyzers.project.config import Settings
from otpwise_analyzers.rules.catalogue import RULES, Subscription, subscription_of
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.source_file import SourceFile

if TYPE_CHECKING:
    from otpwise_analyzers.rules.base import AnyRule
    from otpwise_analyzers.syntax.template_file import TemplateFile

_LEVELS = list(Level)
_SIGILS = (b"~H", b"~L", b"~E")


class Stopped(Exception):  # noqa: N818 - a signal, as StopIteration is
    """The check was given up: a newer version of the file is there."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule that raised. The other rules' findings are not touched by it."""

    rule: str
    path: str
    error: Exception


@dataclass(slots=True)
class Report:
    """What a check of one file found, findings by place."""

    findings: list[Finding] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


class Dispatch:
    """The rules that some settings select, by the names that they subscribe to."""

    def __init__(
        self, subscriptions: Mapping[str, Subscription], load: Callable[[str], AnyRule], settings: Settings
    ) -> None:
        self.settings = settings
        self._load = load
        self._selected = {
            name: subscription
            for name, subscription in subscriptions.items()
            if settings.selects(name) and settings.level_for(name) != "off"
        }
        self.names = frozenset(self._selected)
        self._in_templates = {n: s.template_needles for n, s in self._selected.items() if s.template_needles}
        # by language
        self._always: dict[str, set[str]] = {}
        self._by_name: dict[str, dict[bytes, list[str]]] = {}
        for name, subscription in self._selected.items():
            if subscription.always:
                self._always.setdefault(subscription.language, set()).add(name)
            by_name = self._by_name.setdefault(subscription.language, {})
            for called in subscription.names:
                by_name.setdefault(called.encode(), []).append(name)

    @classmethod
    def of(cls, rules: Iterable[AnyRule], settings: Settings) -> Dispatch:
        """The dispatch of these rules and no others."""
        known = {rule.name: rule for rule in rules}
        return cls({name: subscription_of(rule) for name, rule in known.items()}, known.__getitem__, settings)

    def _wanted_by(self, file: SourceFile) -> Iterator[str]:
        wanted = set(self._always.get(file.language, ()))
        by_name = self._by_name.get(file.language)
        if by_name:
            for called in file.names.keys() & by_name.keys():
                wanted.update(by_name[called])
        if not wanted:
            return
        data = file.data
        for name in wanted:
            needles = self._selected[name].needles
            if not needles or any(needle in data for needle in needles):
                yield name

    def _wanting(self, template: bytes) -> list[str]:
        return [
            name
            for name, needles in self._in_templates.items()
            if any(needle in template for needle in needles)
        ]

    def wants_templates(self, file: SourceFile) -> bool:
        """Whether a rule may want to see a template, or those in the sigils of a module; cheap to ask."""
        source = file.source
        return bool(self._wanting(source)) and (file.is_template or any(s in source for s in _SIGILS))

    def template_rules_for(self, templates: TemplateFile) -> list[AnyRule]:
        """The rules that one of the templates calls for, in the catalogue's order."""
        source = templates.source
        wanted = {
            name for region in templates.regions for name in self._wanting(source[region.start : region.end])
        }
        return [self._load(name) for name in sorted(wanted)]

    def rules_for(self, file: SourceFile) -> list[AnyRule]:
        """The rules that the file's names call for, in the catalogue's order."""
        return [self._load(name) for name in sorted(self._wanted_by(file))]

    def wants(self, file: SourceFile) -> bool:
        """Whether a check of the file could find anything; most files can be let go without one."""
        if suppressions.MARK in file.source or self.wants_templates(file):
            return True
        return next(self._wanted_by(file), None) is not None


_dispatches: dict[Settings, Dispatch] = {}


def dispatch_for(settings: Settings) -> Dispatch:
    """The dispatch of some settings; the last few are kept, for settings seldom change."""
    known = _dispatches.get(settings)
    if known is None:
        if len(_dispatches) >= 8:
            _dispatches.clear()
        known = _dispatches[settings] = Dispatch(RULES.subscriptions, RULES.__getitem__, settings)
    return known


def check(
    file: SourceFile,
    settings: Settings | None = None,
    *,
    stop: Callable[[], bool] | None = None,
    dispatch: Dispatch | None = None,
) -> Report:
    """The findings of one file, suppressions applied.

    `stop` is asked between two rules; when it says so the check ends with `Stopped`.
    """
    settings = settings if settings is not None else Settings()
    dispatch = dispatch if dispatch is not None else dispatch_for(settings)
    report = Report()
    found: list[Finding] = []
    for asked, check_it, name in _checks(file, dispatch):
        if stop is not None and stop():
            raise Stopped
        try:
            found.extend(_outside_of_errors(asked, list(check_it(asked))))
        except RecursionError as error:
            report.failures.append(Failure(name, file.path, error))
        except Exception as error:  # a broken rule must not take the others with it
            report.failures.append(Failure(name, file.path, error))
    found = _without_hidden(found)
    if suppressions.MARK in file.source:
        found, about = suppressions.apply(file, found, RULES.keys(), dispatch.names)
        found.extend(finding for finding in about if finding.rule in dispatch.names)
    ignored = settings.ignored_in(file.path)
    report.findings = sorted(
        (
            settled
            for finding in dict.fromkeys(found)
            if not any(finding.rule == name or finding.rule.startswith(f"{name}/") for name in ignored)
            and (settled := _settled(finding, settings)) is not None
        ),
        key=lambda finding: (finding.span, finding.rule, finding.message),
    )
    return report


def _checks(
    file: SourceFile, dispatch: Dispatch
) -> Iterator[tuple[SourceFile, Callable[[Any], Iterable[Finding]], str]]:
    """What each rule is asked, with the file that it is asked of: this one, or the templates within it."""
    for rule in dispatch.rules_for(file):
        yield file, rule.check, rule.name
    if not dispatch.wants_templates(file):
        return
    from otpwise_analyzers.syntax.template_file import templates_in

    templates = templates_in(file)
    if templates is not None:
        for rule in dispatch.template_rules_for(templates):
            yield templates, rule.check_template, rule.name


def _settled(finding: Finding, settings: Settings) -> Finding | None:
    """The finding at the level that is shown; None when the settings turn its rule off."""
    chosen = settings.level_for(finding.rule)
    if chosen == "off" or (finding.strict_only and settings.profile != "strict"):
        return None
    if chosen is not None:
        return replace(finding, level=Level(chosen))
    level = finding.level
    if settings.profile == "strict" and finding.rule in RULES:
        level = min(level, RULES[finding.rule].impact.level, key=_LEVELS.index)
    if finding.confidence is Confidence.HINT:
        level = level.lowered()
    return replace(finding, level=level) if level is not finding.level else finding


def _outside_of_errors(file: SourceFile, found: list[Finding]) -> list[Finding]:
    """No finding in broken code, and no fix in a definition (or file, outside of any) that is broken."""
    errors = file.error_spans
    if not errors:
        return found
    # A missing `end` is reported where the file stops, far from the line that lacks it.
    unbalanced = any(error.start == error.end for error in errors)
    kept = []
    for finding in found:
        if any(_overlaps(finding.span, error) for error in errors):
            continue
        definition = file.definition_at(finding.span.start)
        if finding.fixes and (unbalanced or definition is None or definition.has_error):
            finding = replace(finding, fixes=())
        kept.append(finding)
    return kept


def _without_hidden(found: list[Finding]) -> list[Finding]:
    """The findings but those of which another rule says more at the same place."""
    hiding = [
        (RULES[f.rule].hides, f.reach or f.span) for f in found if f.rule in RULES and RULES[f.rule].hides
    ]
    if not hiding:
        return found
    return [
        finding
        for finding in found
        if not any(finding.rule in hides and _overlaps(finding.span, span) for hides, span in hiding)
    ]


def _overlaps(one: Span, other: Span) -> bool:
    if other.start == other.end:
        return one.start <= other.start < one.end
    return one.start < other.end and other.start < one.end
