"""`# otpwise:ignore family/rule -- reason`: what comments silence, and what is wrong with them."""

from __future__ import annotations

import difflib
import re
from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass, field

from otpwise_analyzers.findings import Applicability, Change, FileChange, Finding, Fix, Level
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax.source_file import SourceFile

UNKNOWN = "suppression/unknown-rule"
UNUSED = "suppression/unused"

MARK = b"otpwise:ignore"
# In a template: `<%# ... %>`, `<% # ... %>`, `<%!-- ... --%>`
_COMMENT = re.compile(rb"(?:<%!--|<%=?\s*#+|#+)\s*otpwise:ignore(?P<file>-file)?(?P<rest>[^\r\n]*)")
_TEMPLATE_END = re.compile(rb"\s*(?:--)?%>.*\Z")
_RULE = re.compile(rb"[A-Za-z0-9_./-]+")


@dataclass(slots=True)
class Suppression:
    """One comment. `line` (from 0) is the line whose findings it silences, None for the whole file."""

    span: Span
    rules: list[tuple[str, Span]]
    line: int | None
    reason: str = ""
    used: set[str] = field(default_factory=set)

    def covers(self, rule: str) -> str | None:
        """The name in this comment that stands for `rule`: itself, or its family."""
        for name, _ in self.rules:
            if rule == name or rule.startswith(f"{name}/"):
                return name
        return None


def line_starts(data: bytes) -> list[int]:
    """The byte at which each line starts; lines end with `\\n`, `\\r\\n` or `\\r`."""
    return [0, *(match.end() for match in re.finditer(rb"\r\n|\n|\r", data))]


def suppressions_in(file: SourceFile, starts: list[int] | None = None) -> list[Suppression]:
    """All suppression comments of a file, in order."""
    data = file.source
    if MARK not in data:
        return []
    starts = line_starts(data) if starts is None else starts
    comments = file.comment_spans
    comment_lines = {_line(starts, c.start) for c in comments if _own_line(data, starts, c.start)}
    found = []
    for comment in comments:
        text = data[comment.start : comment.end]
        match = _COMMENT.match(text)
        if match is None or match.group("rest")[:1] not in (b"", b" ", b"\t", b":"):
            continue
        rest_at = comment.start + match.start("rest")
        written, _, reason = _TEMPLATE_END.sub(b"", match.group("rest")).partition(b"--")
        rules = [
            (rule.group().decode(), Span(rest_at + rule.start(), rest_at + rule.end()))
            for rule in _RULE.finditer(written)
        ]
        line: int | None = None
        if not match.group("file"):
            line = _line(starts, comment.start)
            if line in comment_lines:
                while line in comment_lines:
                    line += 1
        span = Span(comment.start, comment.start + len(text.rstrip()))
        found.append(Suppression(span, rules, line, reason.decode("utf-8", "replace").strip()))
    return found


def suppression_at(file: SourceFile, at: int) -> Suppression | None:
    """The suppression comment around byte `at`."""
    for suppression in suppressions_in(file):
        if suppression.span.start <= at <= suppression.span.end:
            return suppression
    return None


def _line(starts: list[int], at: int) -> int:
    return bisect_right(starts, at) - 1


def _own_line(data: bytes, starts: list[int], at: int) -> bool:
    return not data[starts[_line(starts, at)] : at].strip()


def apply(
    file: SourceFile, findings: list[Finding], known: Collection[str], ran: Collection[str]
) -> tuple[list[Finding], list[Finding]]:
    """The findings that are left, and the findings about the comments themselves.

    `known` are all rules' names, `ran` those that were consulted: a comment for a rule that did not run
    is not called unused.
    """
    starts = line_starts(file.source)
    comments = suppressions_in(file, starts)
    if not comments:
        return findings, []
    left = []
    for finding in findings:
        lines = {_line(starts, at) for at in (finding.span.start, file.statement_start(finding.span.start))}
        silenced = False
        for comment in comments:
            if comment.line is None or comment.line in lines:
                name = comment.covers(finding.rule)
                if name is not None:
                    comment.used.add(name)
                    silenced = True
        if not silenced:
            left.append(finding)
    families = {name.partition("/")[0] for name in known}
    about: list[Finding] = []
    for comment in comments:
        about.extend(_complaints(file, comment, known, families, ran))
    return left, about


def _complaints(
    file: SourceFile,
    comment: Suppression,
    known: Collection[str],
    families: Collection[str],
    ran: Collection[str],
) -> list[Finding]:
    removable = _is_removable(file, comment)
    if not comment.rules:
        return [
            Finding(
                UNKNOWN,
                comment.span,
                "This comment names no rule, so it silences nothing: write `# otpwise:ignore family/rule -- reason`.",
                Level.INFORMATION,
                fixes=(_removal(file, comment, None),) if removable else (),
            )
        ]
    found = []
    for name, span in comment.rules:
        if name not in known and name not in families:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
            fixes = [_removal(file, comment, name)] if removable else []
            hint = ""
            if close:
                hint = f" Did you mean `{close[0]}`?"
                fixes.insert(0, _renaming(file, span, close[0]))
            message = f"There is no rule `{name}`, so this comment silences nothing.{hint}"
            found.append(Finding(UNKNOWN, span, message, Level.INFORMATION, fixes=tuple(fixes)))
        elif name not in comment.used and (name in ran or any(r.startswith(f"{name}/") for r in ran)):
            where = "in this file" if comment.line is None else "on the line that this comment is for"
            message = f"`{name}` finds nothing {where}: the comment can go."
            fixes = [_removal(file, comment, name)] if removable else []
            found.append(Finding(UNUSED, span, message, Level.HINT, fixes=tuple(fixes)))
    return found


def _is_removable(file: SourceFile, comment: Suppression) -> bool:
    """Whether the comment is all that its line holds, or ends it; in a template other things may follow."""
    data, start, end = file.source, comment.span.start, comment.span.end
    if file.comment("", start).startswith("#"):
        return True
    line, below = data.rfind(b"\n", 0, start) + 1, data.find(b"\n", end)
    behind = data[end : below if below >= 0 else len(data)]
    return data.startswith(b"<%", start) and not data[line:start].strip() and not behind.strip()


def _renaming(file: SourceFile, span: Span, name: str) -> Fix:
    def build(context: FixContext) -> Change | None:
        return (FileChange(file.path, (Edit(span.start, span.end, name),)),)

    return Fix(f"Replace with `{name}`", Applicability.SAFE, build)


def _removal(file: SourceFile, comment: Suppression, name: str | None) -> Fix:
    """Takes one name out of the comment, or the whole comment when no other is left."""

    def build(context: FixContext) -> Change | None:
        others = [rule for rule, _ in comment.rules if rule != name]
        if name is not None and others:
            first, last = comment.rules[0][1].start, comment.rules[-1][1].end
            return (FileChange(file.path, (Edit(first, last, ", ".join(others)),)),)
        starts = line_starts(file.source)
        line = _line(starts, comment.span.start)
        end = comment.span.end
        if _own_line(file.source, starts, comment.span.start):
            following = starts[line + 1] if line + 1 < len(starts) else len(file.source)
            return (FileChange(file.path, (Edit(starts[line], following, ""),)),)
        start = starts[line] + len(file.source[starts[line] : comment.span.start].rstrip())
        return (FileChange(file.path, (Edit(start, end, ""),)),)

    title = "Remove this suppression comment" if name is None else f"Remove `{name}` from the comment"
    return Fix(title, Applicability.SAFE, build)


def insertion(file: SourceFile, at: int, rule: str) -> Edit:
    """The edit that silences `rule` for the line of byte `at`: a name more in the comment that is there,
    else a comment on a line of its own above."""
    starts = line_starts(file.source)
    line = _line(starts, file.statement_start(at))
    for comment in suppressions_in(file, starts):
        if comment.line == line and comment.rules:
            end = comment.rules[-1][1].end
            return Edit(end, end, f", {rule}")
    start = starts[line]
    text = file.source[start : starts[line + 1] if line + 1 < len(starts) else len(file.source)]
    indent = text[: len(text) - len(text.lstrip(b" \t"))].decode()
    newline = "\r\n" if b"\r\n" in file.source else "\n"
    return Edit(start, start, f"{indent}{file.comment(f'otpwise:ignore {rule}', at)}{newline}")


def file_insertion(file: SourceFile, rule: str) -> Edit:
    """The edit that silences `rule` in the whole file."""
    for comment in suppressions_in(file):
        if comment.line is None and comment.rules:
            end = comment.rules[-1][1].end
            return Edit(end, end, f", {rule}")
    newline = "\r\n" if b"\r\n" in file.source else "\n"
    start = file.comments_start
    return Edit(start, start, f"{file.comment(f'otpwise:ignore-file {rule}', start)}{newline}")
