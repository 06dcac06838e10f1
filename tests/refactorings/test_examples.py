"""Every example of every refactoring: offered there, made as written, silent where it says so."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.refactorings.base import Refactoring
from otpwise_analyzers.refactorings.catalogue import names, offers_at, refactoring
from otpwise_analyzers.rules.base import Example
from otpwise_analyzers.syntax.languages import open_file
from tests.proof import HAS_ELIXIR, applied, elixir_verdicts, project_of
from tests.refactorproof import complaints


def _cases(kind: str) -> list[object]:
    return [
        pytest.param(refactoring(name), example, id=f"{name}-{kind}-{index}")
        for name in names()
        for index, example in enumerate(getattr(refactoring(name), kind), 1)
    ]


def _files(example: Example) -> dict[str, bytes]:
    files = {path: dedent(text).encode() for path, text in example.others.items()}
    files[example.path] = example.text.encode()
    return files


def _change(one: Refactoring, example: Example) -> Change | None:
    files = _files(example)
    project = project_of(files)
    file = open_file(example.path, files[example.path], project=project.view(example.path))
    assert not file.error_spans
    (span,) = example.spans
    for offered in offers_at(file, span):
        if offered.name == one.name:
            assert offered.kind == one.kind
            return offered.fix.build(FixContext(file, file.project, files.get))
    return None


@pytest.mark.parametrize(("one", "example"), _cases("examples"))
def test_is_made_as_written(one: Refactoring, example: Example) -> None:
    change = _change(one, example)
    assert change is not None, "not offered"
    files = _files(example)
    wrong, after = complaints(project_of(files), files, change)
    assert wrong == []
    assert after[example.path].decode() == (example.fixed_text or example.text)
    changed = {path: data.decode() for path, data in after.items() if files.get(path) != data}
    changed.pop(example.path)
    assert changed == {path: dedent(text) for path, text in example.fixed_others.items()}


@pytest.mark.parametrize(("one", "example"), _cases("silent"))
def test_is_not_offered(one: Refactoring, example: Example) -> None:
    assert example.why, "it says what it refuses"
    assert _change(one, example) is None


@pytest.mark.parametrize(("one", "example"), _cases("examples"))
def test_another_one_fits_in(one: Refactoring, example: Example) -> None:
    """With its result taken back in the caller alone, everything that it needs is there, and is used again."""
    change = _change(one, example)
    assert change is not None
    files = applied(_files(example), change)
    files[example.path] = example.text.encode()
    again = _change(one, Example(example.code, example.path, {p: d.decode() for p, d in files.items()}))
    assert again is not None
    assert [part.path for part in again] == [example.path]
    assert applied(files, again)[example.path].decode() == (example.fixed_text or example.text)


@pytest.mark.elixir
@pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed")
def test_elixir_reads_the_results_and_keeps_their_format(tmp_path: Path) -> None:
    texts: dict[bytes, str] = {}
    for name in names():
        one = refactoring(name)
        for index, example in enumerate((*one.examples, *one.silent), 1):
            for path, text in {**example.others, example.path: example.text}.items():
                texts.setdefault(dedent(text).encode(), f"{name} {index}: {path}")
            results = {**example.fixed_others, example.path: example.fixed or example.text}
            for path, text in results.items():
                texts.setdefault(dedent(text).encode(), f"{name} {index}, made: {path}")
    formatter = Path(__file__).resolve().parents[2] / "examples" / "chat_app" / ".formatter.exs"
    verdicts = elixir_verdicts(list(texts), tmp_path, formatter)
    wrong = [
        f"{label}: {word}\n{payload}"
        for label, (word, payload) in zip(texts.values(), verdicts, strict=True)
        if word != "ok"
    ]
    assert not wrong, "\n\n".join(wrong)
