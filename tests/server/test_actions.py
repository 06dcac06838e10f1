"""Offers for findings made up here: every applicability, several files, and clients that can less."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from lsprotocol import types

from otpwise_analyzers.findings import Applicability, Change, FileChange, Finding, Fix, Level
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.source.edits import Edit, Span, apply
from otpwise_analyzers.source.lines import LineIndex
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_server import uris
from otpwise_server.actions import Offer, Wanted
from otpwise_server.analysis import Checked
from otpwise_server.client import Client
from otpwise_server.documents import OpenDocument, OpenDocuments, Text
from otpwise_server.fix_all import _together
from otpwise_server.ignoring import ignored_in_project
from otpwise_server.projects import Projects, Reading
from otpwise_server.workspace_edits import CANNOT_RENAME
from tests.server.conftest import FAULTY

FULL = Client(
    preferred=True,
    disabled=True,
    action_data=True,
    document_changes=True,
    creates_files=True,
    annotations=True,
)
HERE = Span(0, 9)
EVERYTHING = Wanted(None)


def replacing(path: str, new: str = "x", create: bool = False) -> Callable[[FixContext], Change | None]:
    return lambda context: (FileChange(path, (Edit(0, 0, new),), create),)


def fix(title: str, applicability: Applicability, build: Callable[[FixContext], Change | None]) -> Fix:
    return Fix(title, applicability, build)


A = "lib/mini/a.ex"
SAFE = fix("Safe", Applicability.SAFE, replacing(A))
UNSAFE = fix("Unsafe", Applicability.UNSAFE, replacing("mix.exs"))
SCAFFOLD = fix("Scaffold", Applicability.SCAFFOLD, replacing("lib/mini/new.ex", create=True))
IMPOSSIBLE = fix("Impossible", Applicability.SAFE, lambda context: None)


def broken(context: FixContext) -> Change | None:
    raise KeyError("oops")


class Case:
    def __init__(self, root: Path, *fixes: Fix, data: bytes = FAULTY.encode()) -> None:
        self.documents = OpenDocuments()
        self.projects = Projects(self.documents)
        path = root / A
        self.project = self.projects.of(path)
        text = Text(path.as_uri(), path, data, LineIndex(data), 7)
        finding = Finding("otp/made-up", HERE, "Made up.", Level.WARNING, fixes=fixes)
        file = ElixirFile(A, data)
        self.checked = Checked(text, file, [finding], "id")

    def offer(self, client: Client = FULL) -> list[types.CodeAction]:
        offer = Offer(self.checked, self.project, self.projects, client)
        actions = offer.actions(HERE, EVERYTHING, [])
        self.left_out = offer.left_out
        return actions


def test_titles_say_how_safe_a_fix_is(mini: Path) -> None:
    offered = Case(mini, SAFE, UNSAFE, SCAFFOLD, IMPOSSIBLE).offer()
    assert [action.title for action in offered[:3]] == [
        "Safe",
        "Unsafe (may change behaviour)",
        "Scaffold (scaffold)",
    ]
    assert not any(action.title.startswith("Impossible") for action in offered)


def test_only_the_single_safe_fix_is_preferred(mini: Path) -> None:
    assert [a.is_preferred for a in Case(mini, UNSAFE, SAFE).offer()[:2]] == [None, True]
    other = replace(SAFE, title="Also safe")
    assert not any(a.is_preferred for a in Case(mini, SAFE, other).offer())
    assert not any(a.is_preferred for a in Case(mini, UNSAFE).offer())


def test_a_fix_that_fails_is_not_offered(mini: Path) -> None:
    offered = Case(mini, fix("Broken", Applicability.SAFE, broken), SAFE).offer()
    assert offered[0].title == "Safe"


def test_what_is_not_safe_wants_confirmation(mini: Path) -> None:
    safe, unsafe, scaffold = Case(mini, SAFE, UNSAFE, SCAFFOLD).offer()[:3]
    assert safe.edit is not None and safe.edit.change_annotations is None
    for action in (unsafe, scaffold):
        assert action.edit is not None and action.edit.change_annotations is not None
        (annotation,) = action.edit.change_annotations.values()
        assert annotation.needs_confirmation and annotation.description
    assert unsafe.edit is not None and unsafe.edit.document_changes is not None
    (change,) = unsafe.edit.document_changes
    assert isinstance(change, types.TextDocumentEdit)
    assert isinstance(change.edits[0], types.AnnotatedTextEdit)
    assert change.text_document.uri == (mini / "mix.exs").as_uri() and change.text_document.version is None


def test_a_file_is_renamed_where_the_client_can(mini: Path) -> None:
    move = fix(
        "Move", Applicability.UNSAFE, lambda context: (FileChange(A, (), rename_to="lib/mini/b/a.ex"),)
    )
    (action,) = [a for a in Case(mini, move).offer(replace(FULL, renames_files=True)) if "Move" in a.title]
    assert action.edit is not None and action.edit.document_changes is not None
    (change,) = action.edit.document_changes
    assert isinstance(change, types.RenameFile)
    assert change.old_uri == (mini / A).as_uri() and change.new_uri == (mini / "lib/mini/b/a.ex").as_uri()
    assert change.options == types.RenameFileOptions(overwrite=False, ignore_if_exists=False)
    assert change.annotation_id is not None
    (action,) = [a for a in Case(mini, move).offer(FULL) if "Move" in a.title]
    assert action.edit is None and action.disabled is not None and "rename" in action.disabled.reason
    case = Case(mini, move)
    assert not any("Move" in a.title for a in case.offer(replace(FULL, disabled=False)))
    assert case.left_out == {"Move (may change behaviour)": CANNOT_RENAME}


def test_the_edit_of_an_open_file_names_its_version(mini: Path) -> None:
    case = Case(mini, SAFE, UNSAFE)
    uri = (mini / "mix.exs").as_uri().replace("mix", "%6dix")
    case.documents.add(OpenDocument(types.TextDocumentItem(uri, "elixir", 3, "x = 1\n")))
    safe, unsafe = case.offer()[:2]
    assert safe.edit is not None and safe.edit.document_changes is not None
    assert safe.edit.document_changes[0].text_document.version == 7  # type: ignore[union-attr]
    assert unsafe.edit is not None and unsafe.edit.document_changes is not None
    document = unsafe.edit.document_changes[0].text_document  # type: ignore[union-attr]
    assert (document.uri, document.version) == (uri, 3)


def test_a_new_file_is_created_before_it_is_written(mini: Path) -> None:
    scaffold = Case(mini, SCAFFOLD).offer()[0]
    assert scaffold.edit is not None and scaffold.edit.document_changes is not None
    created, written = scaffold.edit.document_changes
    assert isinstance(created, types.CreateFile) and isinstance(written, types.TextDocumentEdit)
    assert created.uri == written.text_document.uri == (mini / "lib/mini/new.ex").as_uri()


def test_a_client_without_document_changes_gets_plain_ones(mini: Path) -> None:
    client = Client(disabled=True)
    safe, unsafe, scaffold = Case(mini, SAFE, UNSAFE, SCAFFOLD).offer(client)[:3]
    assert safe.edit is not None and safe.edit.document_changes is None and safe.edit.changes is not None
    assert list(safe.edit.changes) == [(mini / A).as_uri()]
    assert unsafe.edit is not None and unsafe.edit.change_annotations is None
    assert scaffold.edit is None and scaffold.disabled is not None and "create" in scaffold.disabled.reason
    titles = [action.title for action in Case(mini, SCAFFOLD).offer(Client())]
    assert not any(title.startswith("Scaffold") for title in titles)


def test_new_text_takes_the_files_line_ends(mini: Path) -> None:
    many = fix("Lines", Applicability.SAFE, replacing(A, "one\ntwo\r\nthree\n"))
    action = Case(mini, many, data=FAULTY.replace("\n", "\r\n").encode()).offer()[0]
    assert action.edit is not None and action.edit.document_changes is not None
    assert action.edit.document_changes[0].edits[0].new_text == "one\r\ntwo\r\nthree\r\n"  # type: ignore[union-attr]


def test_a_finding_can_be_silenced_in_three_places(mini: Path) -> None:
    titles = [action.title for action in Case(mini).offer()]
    assert [title.partition("otp/made-up")[2] for title in titles] == [
        " on this line", " in this file", " in this project (.otpwise.toml)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "only", "has"),
    [
        ("source.fixAll.otpwise", ["source.fixAll"], True),
        ("source.fixAll.otpwise", ["source.fix"], False),
        ("quickfix", [""], True),
        ("quickfix", [types.CodeActionKind.Refactor], False),
        ("quickfix", [], False),
    ],
)
def test_kinds_are_matched_by_their_parts(kind: str, only: list[str], has: bool) -> None:
    assert Wanted(only).has(kind) is has


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, 'ignore = ["otp/x"]\n'),
        ("", 'ignore = ["otp/x"]\n'),
        ("# ours\n[severity]\n", '# ours\nignore = ["otp/x"]\n\n[severity]\n'),
        ('profile = "strict"\n', 'ignore = ["otp/x"]\nprofile = "strict"\n'),
        ('ignore = ["a/b"] # why\n', 'ignore = ["a/b", "otp/x"] # why\n'),
        ("ignore = [\n  'a/b',\n  # c\n]\n", "ignore = [\n  'a/b', \"otp/x\",\n  # c\n]\n"),
        ("ignore = []\n", 'ignore = ["otp/x"]\n'),
        ('ignore = ["otp/x"]\n', None),
        ("ignore = 3\n", None),
        ("not toml", None),
    ],
)
def test_a_rule_is_added_to_the_projects_settings(before: str | None, after: str | None) -> None:
    data = None if before is None else before.encode()
    change = ignored_in_project(data, "otp/x")
    if after is None:
        assert change is None
    else:
        assert change is not None
        assert apply(data or b"", change.edits).decode() == after
        assert change.create is (before is None)


def test_uris_of_projects_are_those_of_the_client(mini: Path) -> None:
    projects = Projects(OpenDocuments())
    text = projects.text_at(projects.of(mini / A), A)
    assert text is not None and text.uri == uris.from_path(mini / A)


def test_an_action_without_data_has_its_edit_at_once(mini: Path) -> None:
    """A client may resolve edits and not send back what an action carries, or the other way round."""
    resolving = replace(FULL, resolves=frozenset({"edit"}))
    (later, *_) = Case(mini, SAFE).offer(resolving)
    assert later.edit is None and later.data is not None
    for client in (
        replace(resolving, action_data=False),
        replace(resolving, resolves=frozenset({"command"})),
    ):
        (action, *_) = Case(mini, SAFE).offer(client)
        assert action.edit is not None and action.data is None


def test_a_change_that_names_a_file_twice_is_not_offered(mini: Path) -> None:
    """Its second edits would be of a text that is not there any more."""
    twice = fix(
        "Twice",
        Applicability.SAFE,
        lambda context: (FileChange(A, (Edit(0, 0, "a"),)), FileChange(A, (Edit(1, 1, "b"),))),
    )
    assert not any(action.title == "Twice" for action in Case(mini, twice).offer())


def test_fixing_all_leaves_out_what_the_client_cannot_make(mini: Path) -> None:
    new = fix("New", Applicability.SAFE, replacing("lib/mini/new.ex", create=True))
    case = Case(mini, SAFE, data=b"defmodule Mini.A do\nend\n")
    case.checked.findings.append(replace(case.checked.findings[0], rule="otp/other", fixes=(new,)))
    reading = Reading(case.projects, case.project, {A: case.checked.text})
    whole = _together(case.project, case.checked, reading, FULL, None)
    assert [part.path for part in whole] == [A, "lib/mini/new.ex"]
    less = _together(case.project, case.checked, reading, replace(FULL, creates_files=False), None)
    assert [part.path for part in less] == [A]
