"""Hovers on constructs stand where constructs are, and nowhere else: every token of the example is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from otpwise_analyzers.guide.catalogue import by_word
from otpwise_analyzers.guide.lookup import construct_at
from otpwise_analyzers.project.facts import facts_of
from otpwise_analyzers.project.index import Project
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.languages import open_file

EXAMPLE = Path(__file__).parents[2] / "examples" / "chat_app"
TEXTS = {
    path.relative_to(EXAMPLE).as_posix(): path.read_bytes()
    for path in sorted(EXAMPLE.rglob("*"))
    if path.suffix in (".ex", ".exs")
}
PROJECT = Project([facts_of(ElixirFile(path, data)) for path, data in TEXTS.items()])


def tokens(file: ElixirFile) -> Iterator[tuple[str, int, int, bool]]:
    """The type and the bytes of every leaf, and whether it is text: of a string, a sigil, a comment."""
    stack = [(file.root, False)]
    while stack:
        node, is_text = stack.pop()
        is_text = is_text or node.type in ("comment", "quoted_content", "escape_sequence")
        if node.child_count == 0:
            yield node.type, node.start_byte, node.end_byte, is_text
        stack.extend((child, is_text) for child in node.children)


@pytest.mark.parametrize("path", TEXTS)
def test_only_names_have_hovers_and_the_range_is_the_name(path: str) -> None:
    file = ElixirFile(path, TEXTS[path], project=PROJECT.view(path))
    for kind, start, end, is_text in tokens(file):
        found = {construct_at(file, at) for at in {start, max(start, end - 1)}} - {None}
        if not found:
            continue
        assert kind in ("identifier", "alias", "atom", "keyword", ":", "."), kind
        assert not is_text
        for hit in found:
            assert hit is not None
            written = file.data[slice(*hit.span)].decode()
            assert "\n" not in written and "(" not in written and len(written) <= 60, written
            assert hit.span.start <= start < hit.span.end


def test_few_tokens_have_one() -> None:
    asked = shown = 0
    constructs: Counter[str] = Counter()
    for path, data in TEXTS.items():
        file = ElixirFile(path, data, project=PROJECT.view(path))
        for _, start, _, _ in tokens(file):
            found = construct_at(file, start)
            asked += 1
            if found is not None:
                shown += 1
                constructs[found.construct.name] += 1
    # A hundredth of the example, which is full of what the guide speaks of.
    assert asked > 10_000
    assert 0.001 < shown / asked < 0.03, (shown, asked)
    assert len(constructs) > 20, constructs


def test_arguments_and_variables_have_none() -> None:
    code = (
        "defmodule A do\n  use GenServer\n\n  def start_link(opts), do: GenServer.start_link(A, opts, name: A)\n\n"
        "  def get(pid, call), do: GenServer.call(pid, {:get, call, GenServer}, timeout(call: 1))\n\n"
        "  def init(init), do: {:ok, %{init: init, strategy: nil, restart: 1, preload: [], handle_call: 2}}\n"
        "end\n"
    )
    file = ElixirFile("lib/a.ex", code.encode(), project=Project().view("lib/a.ex"))
    shown = {
        code[found.span.start : found.span.end]
        for at in range(len(code))
        if (found := construct_at(file, at)) is not None
    }
    assert shown == {"use GenServer", "GenServer.call", "init"}
    assert code.count("init") > 3
    heads = [
        at
        for at in range(len(code))
        if (found := construct_at(file, at)) and found.construct.name == "init/1"
    ]
    assert heads == list(range(code.index("init(init)"), code.index("init(init)") + 4))


@pytest.mark.parametrize(
    "code", ["", "\n", "defmodule", "use GenServer.", "def init(", '"""\nuse GenServer', "&GenServer.call/"]
)
def test_broken_code_raises_nothing(code: str) -> None:
    for path in ("lib/a.ex", "config/runtime.exs", "mix.exs", "Dockerfile"):
        data = code.encode()
        file = open_file(path, data, project=Project().view(path))
        for at in range(len(data) + 2):
            construct_at(file, at)


def test_every_word_leads_somewhere() -> None:
    assert all(word and not word.isspace() for word in by_word())
