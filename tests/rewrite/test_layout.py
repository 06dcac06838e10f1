from __future__ import annotations

import pytest

from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.source.edits import Edit, apply
from otpwise_analyzers.syntax.file import ElixirFile


def _without(text: str, marked: str) -> str:
    """The text after the deletion of the statement `marked`."""
    file = ElixirFile("lib/a.ex", text.encode())
    node = file.root.named_descendant_for_byte_range(
        file.data.index(marked.encode()), file.data.index(marked.encode()) + len(marked.encode())
    )
    assert node is not None and file.text(node) == marked
    return apply(file.data, [layout.delete_statement(file, node)]).decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f do\n  go(1)\n  :ok\nend\n", "def f do\n  :ok\nend\n"),
        ("def f do\n  :ok\n\n  go(1)\nend\n", "def f do\n  :ok\nend\n"),
        ("def f do\n  go(1)\n\n  :ok\nend\n", "def f do\n  :ok\nend\n"),
        ("def f do\n  a()\n\n  go(1)\n\n  :ok\nend\n", "def f do\n  a()\n\n  :ok\nend\n"),
        ("a()\n\ngo(1)\n", "a()\n"),
        ("a()\ngo(1)", "a()\n"),
        ("def f do\n  go(1) # why\n  :ok\nend\n", "def f do\n  # why\n  :ok\nend\n"),
        ("def f do\n  a(); go(1)\n  :ok\nend\n", "def f do\n  a()\n  :ok\nend\n"),
        ("def f do\n  go(1); a()\n  :ok\nend\n", "def f do\n  a()\n  :ok\nend\n"),
        ("def f do\r\n  go(1)\r\n  :ok\r\nend\r\n", "def f do\r\n  :ok\r\nend\r\n"),
    ],
)
def test_deleting_a_statement_takes_its_line_and_no_comment(text: str, expected: str) -> None:
    assert _without(text, "go(1)") == expected


def test_new_text_gets_the_line_endings_of_the_file() -> None:
    file = ElixirFile("lib/a.ex", b"a()\r\nb()\r\n")
    change = layout.change_of(file, [Edit(0, 0, "x()\ny()\r\n")])
    assert change.edits == (Edit(0, 0, "x()\r\ny()\r\n"),)


def test_reindents_generated_code() -> None:
    assert layout.reindent("  a do\n\n    b\n  end\n", "    ") == "    a do\n\n      b\n    end\n"
