"""What a fix would do, shown before it is taken: for hovers, short enough to be read in a glance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from textwrap import dedent

from otpwise_analyzers.findings import Change, Fix
from otpwise_analyzers.rules.base import AnyRule, Example
from otpwise_analyzers.source.difference import difference, whole
from otpwise_analyzers.source.edits import Edit

MOST_LINES = 24
"""Of all files together; what is longer is cut, and says so."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The lines that a fix changes, by file; a path is empty for the file that the finding is in.

    `fix` is None when the lines are those of an example.
    """

    fix: Fix | None
    files: tuple[tuple[str, tuple[str, ...]], ...]


def of_change(fix: Fix, change: Change, read: Callable[[str], bytes | None], path: str) -> Preview | None:
    """What `change`, made by `fix` of a finding in the file `path`, does. `read` gives the text of a file."""
    files: list[tuple[str, tuple[str, ...]]] = []
    for part in change:
        if part.rename_to is not None:
            files.append(("" if part.path == path else part.path, (f" becomes {part.rename_to}",)))
            continue
        data = b"" if part.create else read(part.path)
        if data is None:
            return None
        lines = (
            whole("".join(edit.new for edit in part.edits)) if part.create else difference(data, part.edits)
        )
        files.append(("" if part.path == path else part.path, tuple(lines)))
    # The file that is looked at comes first.
    files.sort(key=lambda file: file[0])
    return Preview(fix, _cut(files)) if files else None


def of_example(rule: AnyRule) -> Preview | None:
    """What the rule's fix makes of its shortest example; None for a rule without a fix."""
    shown = [example for example in rule.incorrect if example.fixed is not None or example.fixed_others]
    if not shown:
        return None
    found = min((_of_example(example) for example in shown), key=_length)
    return Preview(None, _cut(found))


def _of_example(example: Example) -> list[tuple[str, tuple[str, ...]]]:
    files: list[tuple[str, tuple[str, ...]]] = []
    texts = {path: dedent(text) for path, text in example.others.items()}
    results = {path: dedent(text) for path, text in sorted(example.fixed_others.items())}
    if example.fixed_text is not None:
        texts[example.path] = example.text
        results = {example.path: example.fixed_text, **results}
    for path, result in results.items():
        before = texts.get(path)
        if before is None:
            lines = whole(result)
        else:
            data = before.encode()
            lines = difference(data, [Edit(0, len(data), result)])
        files.append(("" if path == example.path else path, tuple(lines)))
    return files


def _length(files: list[tuple[str, tuple[str, ...]]]) -> int:
    return sum(len(lines) for _, lines in files)


def _cut(files: list[tuple[str, tuple[str, ...]]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The first lines of all; a cut of a line or two would save nothing."""
    left = MOST_LINES
    kept: list[tuple[str, tuple[str, ...]]] = []
    for path, lines in files:
        if len(lines) > left + 2:
            rest = len(lines) - left
            lines = (*lines[:left], f" … {rest} more lines") if left > 3 else (f" … {len(lines)} lines",)
        kept.append((path, lines))
        left = max(left - len(lines), 0)
    return tuple(kept)
