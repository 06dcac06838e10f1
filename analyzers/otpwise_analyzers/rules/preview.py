"""What a fix would do, shown before it is taken: for hovers, short enough to be read in a glance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from textwrap import dedent
from typing import NamedTuple

from otpwise_analyzers.findings import Change, Fix
from otpwise_analyzers.rules.base import AnyRule, Example
from otpwise_analyzers.source.difference import difference, whole
from otpwise_analyzers.source.edits import Edit

MOST_LINES = 24
"""Of all files together; what is longer is cut, and says so."""


class Part(NamedTuple):
    """What is done to one file; `path` is empty for the file that the finding is in."""

    path: str
    lines: tuple[str, ...]
    is_new: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """The lines that a fix changes, by file. `fix` is None when the lines are those of an example."""

    fix: Fix | None
    files: tuple[Part, ...]


def of_change(fix: Fix, change: Change, read: Callable[[str], bytes | None], path: str) -> Preview | None:
    """What `change`, made by `fix` of a finding in the file `path`, does. `read` gives the text of a file."""
    files: list[Part] = []
    for part in change:
        shown = "" if part.path == path else part.path
        if part.rename_to is not None:
            files.append(Part(shown, (f"-{part.path}", f"+{part.rename_to}"), False))
            continue
        if part.create:
            files.append(Part(shown, whole("".join(edit.new for edit in part.edits)), True))
            continue
        data = read(part.path)
        if data is None:
            return None
        files.append(Part(shown, difference(data, part.edits), False))
    # The file that is looked at comes first.
    return Preview(fix, _cut(sorted(files))) if files else None


def of_example(rule: AnyRule) -> Preview | None:
    """What the rule's fix makes of its shortest example; None for a rule without a fix."""
    shown = [example for example in rule.incorrect if example.fixed is not None or example.fixed_others]
    if not shown:
        return None
    return Preview(None, _cut(min(map(_of_example, shown), key=_length)))


def _of_example(example: Example) -> list[Part]:
    texts = {path: dedent(text) for path, text in example.others.items()}
    results = {path: dedent(text) for path, text in sorted(example.fixed_others.items())}
    if example.fixed_text is not None:
        texts[example.path] = example.text
        results = {example.path: example.fixed_text, **results}
    files: list[Part] = []
    for path, result in results.items():
        shown = "" if path == example.path else path
        before = texts.get(path)
        if before is None:
            files.append(Part(shown, whole(result), True))
        else:
            data = before.encode()
            files.append(Part(shown, difference(data, [Edit(0, len(data), result)]), False))
    return files


def _length(files: list[Part]) -> int:
    return sum(len(part.lines) for part in files)


def _cut(files: list[Part]) -> tuple[Part, ...]:
    """The first lines of all; a cut of a line or two would save nothing."""
    left = MOST_LINES
    kept: list[Part] = []
    for part in files:
        lines = part.lines
        if len(lines) > left + 2:
            rest = len(lines) - left
            lines = (*lines[:left], f" … {rest} more lines") if left > 3 else (f" … {len(lines)} lines",)
        kept.append(part._replace(lines=lines))
        left = max(left - len(lines), 0)
    return tuple(kept)
