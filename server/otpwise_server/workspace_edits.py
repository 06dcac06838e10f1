"""Changes of files as the client's kind of workspace edit."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from lsprotocol import types

from otpwise_analyzers.findings import Change
from otpwise_analyzers.source.edits import Edit, in_order
from otpwise_analyzers.source.lines import LineIndex
from otpwise_server import uris
from otpwise_server.analysis import ProjectAnalysis
from otpwise_server.client import Client
from otpwise_server.documents import Text

_ANNOTATION = "otpwise"
_BARE_NEWLINE = re.compile(r"(?<!\r)\n")


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
    find: Callable[[str], Text | None],
    caution: Caution | None = None,
) -> types.WorkspaceEdit:
    """A change as an edit. `find` answers the current text of a file of `project` by its path.

    Raises CannotEditError when a file is gone, or when one must be created or renamed and the client cannot.
    """
    annotation = _ANNOTATION if caution is not None and client.annotations else None
    operations: list[types.TextDocumentEdit | types.CreateFile | types.RenameFile | types.DeleteFile] = []
    plain: dict[str, list[types.TextEdit]] = {}
    for part in change:
        if part.rename_to is not None:
            operations.append(_rename(part.path, part.rename_to, client, project, annotation))
            continue
        if part.create:
            if not client.creates_files:
                raise CannotEditError(f"this editor cannot create {part.path}")
            if project.root is None:
                raise CannotEditError(f"there is no project to create {part.path} in")
            uri, version, lines = uris.from_path(project.root / part.path), None, LineIndex(b"")
            options = types.CreateFileOptions(overwrite=False, ignore_if_exists=False)
            operations.append(types.CreateFile(uri=uri, options=options, annotation_id=annotation))
        else:
            text = find(part.path)
            if text is None:
                raise CannotEditError(f"{part.path} cannot be read")
            uri, version, lines = text.uri, text.version, text.lines
        edits = [_text_edit(edit, lines, client) for edit in in_order(part.edits)]
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


def _rename(
    path: str, new: str, client: Client, project: ProjectAnalysis, annotation: str | None
) -> types.RenameFile:
    if not client.renames_files or project.root is None:
        raise CannotEditError(f"this editor cannot rename {path}")
    return types.RenameFile(
        old_uri=uris.from_path(project.root / path),
        new_uri=uris.from_path(project.root / new),
        options=types.RenameFileOptions(overwrite=False, ignore_if_exists=False),
        annotation_id=annotation,
    )


def _text_edit(edit: Edit, lines: LineIndex, client: Client) -> types.TextEdit:
    start = lines.position(edit.start, client.encoding)
    end = lines.position(edit.end, client.encoding)
    new = edit.new
    if b"\r\n" in lines.data and "\n" in new:
        new = _BARE_NEWLINE.sub("\r\n", new)
    return types.TextEdit(types.Range(types.Position(*start), types.Position(*end)), new)


def _annotated(
    edit: types.TextEdit, annotation: str | None
) -> types.TextEdit | types.AnnotatedTextEdit | types.SnippetTextEdit:
    if annotation is None:
        return edit
    return types.AnnotatedTextEdit(annotation, edit.range, edit.new_text)
