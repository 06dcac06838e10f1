"""Changes of files as the client's kind of workspace edit."""

from __future__ import annotations

from dataclasses import dataclass

from lsprotocol import types

from otpwise_analyzers.findings import Change
from otpwise_analyzers.source.edits import Edit, in_line_endings, in_order
from otpwise_analyzers.source.lines import LineIndex
from otpwise_server import uris
from otpwise_server.analysis import ProjectAnalysis
from otpwise_server.client import Client
from otpwise_server.projects import Reading

_ANNOTATION = "otpwise"

CANNOT_CREATE = "this editor cannot create a file in a code action"
CANNOT_RENAME = "this editor cannot rename a file in a code action"


class CannotEditError(Exception):
    """The client cannot make this change; the message says why, to its user."""


@dataclass(frozen=True, slots=True)
class Caution:
    """What the user is asked to look at before a change is made."""

    label: str
    description: str


def workspace_edit(
    change: Change,
    client: Client,
    project: ProjectAnalysis,
    reading: Reading,
    caution: Caution | None = None,
) -> types.WorkspaceEdit:
    """A change as an edit of the files as they are in `reading`, all of it in one.

    Raises CannotEditError when a file is gone, when one is where another is to be created, and when one must be
    created or renamed and the client cannot.
    """
    if (why := obstacle(change, client)) is not None:
        raise CannotEditError(why)
    annotation = _ANNOTATION if caution is not None and client.annotations else None
    operations: list[types.TextDocumentEdit | types.CreateFile | types.RenameFile | types.DeleteFile] = []
    plain: dict[str, list[types.TextEdit]] = {}
    for part in change:
        if part.rename_to is not None:
            operations.append(_rename(part.path, part.rename_to, project, reading, annotation))
            continue
        if part.create:
            if project.root is None:
                raise CannotEditError(f"there is no project to create {part.path} in")
            if reading.is_taken(part.path):
                raise CannotEditError(f"{part.path} is there already")
            uri, version, lines = uris.from_path(project.root / part.path), None, LineIndex(b"")
            options = types.CreateFileOptions(overwrite=False, ignore_if_exists=False)
            operations.append(types.CreateFile(uri=uri, options=options, annotation_id=annotation))
        else:
            text = reading.text(part.path)
            if text is None:
                raise CannotEditError(f"{part.path} is gone, or cannot be read")
            uri, version, lines = text.uri, text.version, text.lines
        fitted = in_line_endings(lines.data, in_order(part.edits))
        edits = [_text_edit(edit, lines, client) for edit in fitted]
        plain.setdefault(uri, []).extend(edits)
        if client.document_changes:
            where = types.OptionalVersionedTextDocumentIdentifier(uri=uri, version=version)
            operations.append(types.TextDocumentEdit(where, [_annotated(edit, annotation) for edit in edits]))
    if not client.document_changes:
        return types.WorkspaceEdit(changes=plain)
    if caution is None or annotation is None:
        return types.WorkspaceEdit(document_changes=operations)
    asked = types.ChangeAnnotation(caution.label, needs_confirmation=True, description=caution.description)
    return types.WorkspaceEdit(document_changes=operations, change_annotations={annotation: asked})


def obstacle(change: Change, client: Client) -> str | None:
    """Why the client cannot make a change at all; None when it can."""
    if any(part.create for part in change) and not client.creates_files:
        return CANNOT_CREATE
    if any(part.rename_to is not None for part in change) and not client.renames_files:
        return CANNOT_RENAME
    return None


def _rename(
    path: str, new: str, project: ProjectAnalysis, reading: Reading, annotation: str | None
) -> types.RenameFile:
    if project.root is None:
        raise CannotEditError(f"there is no project to rename {path} in")
    if not reading.is_taken(path):
        raise CannotEditError(f"{path} is gone")
    if reading.is_taken(new):
        raise CannotEditError(f"{new} is there already")
    text = reading.text(path)
    return types.RenameFile(
        old_uri=text.uri if text is not None else uris.from_path(project.root / path),
        new_uri=uris.from_path(project.root / new),
        options=types.RenameFileOptions(overwrite=False, ignore_if_exists=False),
        annotation_id=annotation,
    )


def _text_edit(edit: Edit, lines: LineIndex, client: Client) -> types.TextEdit:
    start = lines.position(edit.start, client.encoding)
    end = lines.position(edit.end, client.encoding)
    return types.TextEdit(types.Range(types.Position(*start), types.Position(*end)), edit.new)


def _annotated(
    edit: types.TextEdit, annotation: str | None
) -> types.TextEdit | types.AnnotatedTextEdit | types.SnippetTextEdit:
    if annotation is None:
        return edit
    return types.AnnotatedTextEdit(annotation, edit.range, edit.new_text)
