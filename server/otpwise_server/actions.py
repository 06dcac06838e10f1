"""Code actions: what is offered at a place, and the edit behind each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from lsprotocol import types

from otpwise_analyzers.findings import Applicability, Change, Finding, Fix
from otpwise_analyzers.project.config import FILE_NAME
from otpwise_analyzers.source.edits import Span
from otpwise_server.analysis import (
    Checked,
    ProjectAnalysis,
    refactorings_at,
    safe_fixes,
    silence_file,
    silence_line,
)
from otpwise_server.client import Client
from otpwise_server.diagnostics import SOURCE
from otpwise_server.fix_all import all_fixes
from otpwise_server.ignoring import ignored_in_project
from otpwise_server.projects import Projects, Reading
from otpwise_server.workspace_edits import CannotEditError, Caution, obstacle, workspace_edit

FIX_ALL = "source.fixAll.otpwise"
EXPLAIN = "otpwise.explain"
QUICK_FIX = types.CodeActionKind.QuickFix.value
EXTRACT = types.CodeActionKind.RefactorExtract.value

_SUFFIX = {
    Applicability.SAFE: "",
    Applicability.UNSAFE: " (may change behaviour)",
    Applicability.SCAFFOLD: " (scaffold)",
}
_CAUTION = {
    Applicability.UNSAFE: "This rewrite may change what the code does: look at it before you take it.",
    Applicability.SCAFFOLD: "This inserts the shape of the right form; the marked places are yours to decide.",
}


class ActionData(msgspec.Struct, rename="camel", omit_defaults=True):
    """What an action carries to `codeAction/resolve`: enough to find it again, nothing remembered here.

    `what` is `fix`, `rule` (all safe fixes of a rule), `file` (all safe fixes), `line`, `ignore-file` or
    `project` (suppressions), or `refactoring`. `start` and `end` are the finding's bytes, `title` is the fix's; of a
    refactoring `rule` is the name, and the bytes are those that were selected.
    """

    uri: str
    version: int | None
    what: str
    rule: str = ""
    start: int = 0
    end: int = 0
    title: str = ""


class Wanted:
    """The kinds that the client asked for; all when it named none. A kind includes those below it."""

    def __init__(self, only: Sequence[types.CodeActionKind | str] | None) -> None:
        self._only = None if only is None else [str(getattr(kind, "value", kind)) for kind in only]

    def has(self, kind: str) -> bool:
        if self._only is None:
            return True
        return any(not wanted or kind == wanted or kind.startswith(f"{wanted}.") for wanted in self._only)


class Offer:
    """Everything that is offered for a range of one checked file. Runs in the analysis thread.

    After `actions`, `left_out` are the titles of fixes that the client cannot make and cannot show as disabled, with the reason.
    """

    def __init__(
        self, checked: Checked, project: ProjectAnalysis, projects: Projects, client: Client
    ) -> None:
        self._checked = checked
        self._project = project
        self._client = client
        self.reading = Reading(projects, project, {checked.file.path: checked.text})
        self.left_out: dict[str, str] = {}
        # The rules with a fix here that may be made elsewhere too, and whether that is safe.
        self.rules: dict[str, bool] = {}
        # The client's diagnostics of the findings here, by rule; VS Code puts actions without any last.
        self.diagnostics: dict[str, list[types.Diagnostic]] = {}

    def actions(
        self, span: Span, wanted: Wanted, diagnostics: Sequence[types.Diagnostic]
    ) -> list[types.CodeAction]:
        """The actions, those of the findings in `span` first."""
        offered: list[types.CodeAction] = []
        here = [finding for finding in self._checked.findings if finding.span.touches(span)]
        if wanted.has(QUICK_FIX):
            for finding in here:
                own = self._of(finding, diagnostics)
                self.diagnostics.setdefault(finding.rule, []).extend(own)
                offered.extend(self._fixes(finding, own))
            rules = dict.fromkeys(finding.rule for finding in here)
            offered.extend(action for rule in rules if (action := self._fix_all_of(rule)) is not None)
            for finding in _first_of_each_rule(here):
                offered.extend(self._silences(finding, self._of(finding, diagnostics)))
        if wanted.has(EXTRACT):
            offered.extend(self._refactorings(span))
        if wanted.has(FIX_ALL) and any(True for _ in safe_fixes(self._checked)):
            data = self._data("file")
            action = self._action("Fix all safe findings of Otpwise in this file", FIX_ALL, data, None)
            if action is not None:
                offered.append(action)
        return offered

    def _fixes(self, finding: Finding, diagnostics: list[types.Diagnostic]) -> Iterator[types.CodeAction]:
        safe = [fix for fix in finding.fixes if fix.applicability is Applicability.SAFE]
        for fix in finding.fixes:
            change = self._project.build(self._checked, fix, self.reading.data)
            if change is None:
                continue
            data = self._data("fix", finding, fix.title)
            title = f"{fix.title}{_SUFFIX[fix.applicability]}"
            action = self._action(title, QUICK_FIX, data, change, caution_for(fix))
            if (
                action is not None
                and action.disabled is None
                and fix.applicability is not Applicability.SCAFFOLD
            ):
                is_safe = fix.applicability is Applicability.SAFE
                self.rules[finding.rule] = self.rules.get(finding.rule, False) or is_safe
            if action is not None:
                action.diagnostics = diagnostics or None
                if self._client.preferred and safe == [fix]:
                    action.is_preferred = True
                yield action

    def _refactorings(self, span: Span) -> Iterator[types.CodeAction]:
        text = self._checked.text
        for name, kind, fix in refactorings_at(self._checked, span):
            change = self._project.build(self._checked, fix, self.reading.data)
            if change is None:
                continue
            data = ActionData(text.uri, text.version, "refactoring", name, span.start, span.end, fix.title)
            title = f"{fix.title}{_SUFFIX[fix.applicability]}"
            action = self._action(title, kind, data, change, caution_for(fix))
            if action is not None:
                yield action

    def _fix_all_of(self, rule: str) -> types.CodeAction | None:
        if sum(1 for _ in safe_fixes(self._checked, rule)) < 2:
            return None
        title, data = f"Fix all of {rule} in this file", self._data("rule", rule=rule)
        action = self._action(title, QUICK_FIX, data, None)
        if action is not None:
            action.diagnostics = self.diagnostics.get(rule) or None
        return action

    def _silences(self, finding: Finding, diagnostics: list[types.Diagnostic]) -> Iterator[types.CodeAction]:
        rule = finding.rule
        titles = {"line": f"Ignore {rule} on this line", "ignore-file": f"Ignore {rule} in this file"}
        if self._project.root is not None:
            titles["project"] = f"Ignore {rule} in this project (.otpwise.toml)"
        if rule.startswith("suppression/"):
            titles.pop("line")
        for what, title in titles.items():
            data = self._data(what, finding)
            # Whether the settings are to be created decides whether the client can.
            change = self._change(data)[0] if what == "project" else None
            if what == "project" and change is None:
                continue
            action = self._action(title, QUICK_FIX, data, change)
            if action is not None:
                action.diagnostics = diagnostics or None
                yield action
        if self._client.shows_documents:
            command = types.Command(f"Explain {rule}", EXPLAIN, arguments=[rule])
            yield types.CodeAction(
                f"Explain {rule}", kind=QUICK_FIX, command=command, diagnostics=diagnostics or None
            )

    def _data(self, what: str, finding: Finding | None = None, title: str = "", rule: str = "") -> ActionData:
        span = finding.span if finding is not None else Span(0, 0)
        rule = finding.rule if finding is not None else rule
        text = self._checked.text
        return ActionData(text.uri, text.version, what, rule, span.start, span.end, title)

    def _action(
        self, title: str, kind: str, data: ActionData, change: Change | None, caution: Caution | None = None
    ) -> types.CodeAction | None:
        """The action with its edit, or without it for a client that asks for it later."""
        action = types.CodeAction(title, kind=kind)
        if change is not None and (why := obstacle(change, self._client)) is not None:
            return self._without(action, why, data)
        if self._client.resolves_edits or self._client.takes_commands:
            action.data = msgspec.to_builtins(data)
            return action
        try:
            action.edit = self.edit(data, change, caution)
        except CannotEditError as error:
            return self._without(action, str(error), data)
        return action if action.edit is not None else None

    def _without(self, action: types.CodeAction, why: str, data: ActionData) -> types.CodeAction | None:
        if self._client.disabled:
            action.disabled = types.CodeActionDisabled(_sentence(why))
            return action
        if data.what in ("fix", "refactoring"):
            self.left_out[action.title] = why
        return None

    def edit(
        self, data: ActionData, change: Change | None = None, caution: Caution | None = None
    ) -> types.WorkspaceEdit | None:
        """The edit behind an action; None when the file no longer has what the action was for.

        Raises CannotEditError as `workspace_edit` does.
        """
        if change is None:
            change, caution = self._change(data)
        if change is None:
            return None
        return workspace_edit(change, self._client, self._project, self.reading, caution)

    def _change(self, data: ActionData) -> tuple[Change | None, Caution | None]:
        checked = self._checked
        if data.what in ("rule", "file"):
            return all_fixes(self._project, checked, self.reading, self._client, data.rule or None), None
        span = Span(data.start, data.end)
        if data.what == "refactoring":
            for name, _, fix in refactorings_at(checked, span):
                if (name, fix.title) == (data.rule, data.title):
                    return self._project.build(checked, fix, self.reading.data), caution_for(fix)
        for finding in checked.findings:
            if finding.rule != data.rule or finding.span != span:
                continue
            match data.what:
                case "fix":
                    for fix in finding.fixes:
                        if fix.title == data.title:
                            return self._project.build(checked, fix, self.reading.data), caution_for(fix)
                case "line":
                    return (silence_line(checked, finding),), None
                case "ignore-file":
                    return (silence_file(checked, finding),), None
                case "project":
                    part = ignored_in_project(self.reading.data(FILE_NAME), finding.rule)
                    return (None if part is None else (part,)), None
        return None, None

    def _of(self, finding: Finding, diagnostics: Sequence[types.Diagnostic]) -> list[types.Diagnostic]:
        """The client's own diagnostics that this finding is behind."""
        range_ = self._checked.text.range(finding.span, self._client.encoding)
        return [
            diagnostic
            for diagnostic in diagnostics
            if diagnostic.source == SOURCE and diagnostic.code == finding.rule and diagnostic.range == range_
        ]


def caution_for(fix: Fix) -> Caution | None:
    """What is asked before a fix is made; nothing for a safe one."""
    description = _CAUTION.get(fix.applicability)
    return None if description is None else Caution(fix.title, description)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _first_of_each_rule(findings: list[Finding]) -> list[Finding]:
    found: dict[str, Finding] = {}
    for finding in findings:
        found.setdefault(finding.rule, finding)
    return list(found.values())
