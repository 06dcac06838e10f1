"""Every key and value that `tomllib` reads is found at its place."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otpwise_analyzers.project.toml_places import places

Steps = tuple[str | int, ...]

DOCUMENT = """\
# a comment with "quotes" and = signs [x]
title = "TOML # no comment" # a comment
'quoted key' = 'literal \\ string'
"b\\u00e9" = 1
dotted.key . "with spaces" = -1_000.5e3 # comment
date = 1979-05-27 07:32:00.999-07:00
inline = { a = 1, b.c = [1, 2,], "d" = { e = 'f' } }
empty = []
nothing = {}
array = [ # comment
  "one, two", # , ]
  '''three
]''',
  [1.5, [true]], { x = "é😀" }

]
multi = \"\"\"
say \\\"\"\" and ""quotes"" = [
\"\"\"\"
last = '''it''s'''

[table]
key = "]"
  [ table . "sub/table" ]
  indented = +inf
[table.other.deep]
k = 0xDEADBEEF
"""


def leaves(value: Any, path: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    else:
        if isinstance(value, list):
            for index, inner in enumerate(value):
                yield from leaves(inner, (*path, index))
        yield path, value


def check(text: str) -> None:
    data = text.encode()
    found = places(data)
    for path, value in leaves(tomllib.loads(text)):
        place = found[path]
        written = data[place.value.start : place.value.end].decode()
        assert tomllib.loads(f"v = {written}")["v"] == value, path
        if isinstance(path[-1], str):
            key = data[place.key.start : place.key.end].decode()
            assert str(path[-1]) in str(tomllib.loads(f"{key} = 1"))


@pytest.mark.parametrize("text", [DOCUMENT, DOCUMENT.replace("\n", "\r\n")], ids=["lf", "crlf"])
def test_all_of_toml(text: str) -> None:
    check(text)


def test_a_table_is_at_its_header() -> None:
    data = b'a = 1\n[severity] # x\n"b/c" = 1\n'
    place = places(data)[("severity",)]
    assert data[place.key.start : place.key.end] == b"severity"
    assert data[place.value.start : place.value.end] == b"[severity]"


keys = st.sampled_from(["a", "b-c", '"d/e"', "'f g'", "1"])
scalars = st.sampled_from(['"x"', "'y]'", "1.5", "true", "1979-05-27", '"""m\n"""', '"é # ,"'])
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[ {', '.join(items)}\n]")
        | st.dictionaries(keys, inner, max_size=2).map(
            lambda pairs: "{ " + ", ".join(f"{key} = {value}" for key, value in pairs.items()) + " }"
        )
    ),
    max_leaves=6,
)


@given(st.dictionaries(keys, values, max_size=4), st.dictionaries(keys, values, max_size=3))
def test_generated_documents(top: dict[str, str], table: dict[str, str]) -> None:
    lines = [f"{key} = {value}" for key, value in top.items()]
    lines += ["[z.table]", *(f"{key}={value} # c" for key, value in table.items())]
    check("\n".join(lines))


@given(st.binary(max_size=40) | st.text("\"'[]{}=.,#\n\\ ab1é", max_size=40).map(str.encode))
def test_any_bytes_are_survived(data: bytes) -> None:
    for place in places(data).values():
        assert 0 <= place.key.start <= place.key.end <= len(data)
        assert 0 <= place.value.start <= place.value.end <= len(data)
