"""Holds the catalogue of refactorings together."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys

from otpwise_analyzers import refactorings
from otpwise_analyzers.refactorings.base import NAME, Refactoring
from otpwise_analyzers.refactorings.catalogue import KINDS, LISTED, names, offers_at, refactoring
from otpwise_analyzers.rules.catalogue import modules_below
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.languages import open_file


def test_every_refactoring_is_listed_as_it_says() -> None:
    found = set()
    for module in modules_below(refactorings.__path__):
        loaded = importlib.import_module(f"{refactorings.__name__}.{module}")
        for value in vars(loaded).values():
            if (
                inspect.isclass(value)
                and issubclass(value, Refactoring)
                and value.__module__ == loaded.__name__
            ):
                assert value.name == module.replace(".", "/").replace("_", "-")
                found.add(value.name)
    assert found == set(LISTED)
    for name, (kind, calls) in LISTED.items():
        one = refactoring(name)
        assert NAME.fullmatch(name) and one.name == name
        assert one.kind == kind and {call.encode() for call in one.calls} == calls
        assert kind in KINDS


def test_says_everything() -> None:
    for name in names():
        one = refactoring(name)
        assert one.summary and not one.summary.endswith(".")
        assert one.does and one.not_offered and one.trade_off
        assert len(one.examples) >= 3 and len(one.silent) >= 3


def test_nothing_is_imported_for_a_file_that_calls_for_none() -> None:
    code = (
        "import sys; from otpwise_analyzers.refactorings.catalogue import offers_at; "
        "from otpwise_analyzers.syntax.file import ElixirFile; from otpwise_analyzers.source.edits import Span; "
        "assert list(offers_at(ElixirFile('lib/a.ex', b'defmodule A do\\nend\\n'), Span(0, 0))) == []; "
        "print([m for m in sys.modules if m.startswith('otpwise_analyzers.re') and 'query' in m])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_nothing_is_offered_in_another_language_and_outside_of_a_project() -> None:
    docker = open_file("Dockerfile", b"FROM elixir\n")
    assert list(offers_at(docker, Span(0, 0))) == []
    text = b"import Ecto.Query\nfrom(u in User, where: u.name == ^name)\n"
    assert list(offers_at(ElixirFile("a.exs", text), Span(30, 30))) == []
