"""Every fix in a file with CRLF: what it would be with line feeds, with CRLF; in the terminal and over LSP."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from otpwise_analyzers.findings import Change
from otpwise_analyzers.rules.catalogue import RULES
from otpwise_analyzers.source.edits import apply, in_line_endings
from otpwise_analyzers.source.lines import Encoding, LineIndex
from otpwise_server import uris
from otpwise_server.client import Client
from otpwise_server.documents import OpenDocuments, Text
from otpwise_server.projects import Projects, Reading
from otpwise_server.workspace_edits import workspace_edit
from tests.proof import build, findings_in
from tests.server.editing import made

ROOT = Path("/nowhere")
EVERYTHING = Client(encoding=Encoding.UTF16, document_changes=True, creates_files=True, renames_files=True)


def by_bytes(files: dict[str, bytes], change: Change) -> dict[str, bytes]:
    found = {}
    for part in change:
        data = files.get(part.path, b"")
        if part.rename_to is not None:
            found[part.rename_to] = data
        else:
            found[part.path] = apply(data, in_line_endings(data, part.edits))
    return found


def over_lsp(files: dict[str, bytes], change: Change) -> dict[str, bytes]:
    from lsprotocol.converters import get_converter

    projects = Projects(OpenDocuments())
    texts = {
        path: Text(uris.from_path(ROOT / path), ROOT / path, data, LineIndex(data), 1)
        for path, data in files.items()
    }
    project = projects.at(ROOT)
    edit = workspace_edit(change, EVERYTHING, project, Reading(projects, project, texts))
    buffers = {text.uri: (1, text.data.decode()) for text in texts.values()}
    after = made(get_converter().unstructure(edit), Encoding.UTF16, buffers)
    return {str(Path(path).relative_to(ROOT)): text.encode() for path, text in after.items()}


@pytest.mark.parametrize("name", list(RULES))
def test_fixes_keep_crlf(name: str) -> None:
    for example in RULES[name].incorrect:
        # Characters that are of another length in each encoding, in front of everything.
        mark = "# é😀\n" if example.path.endswith((".ex", ".exs")) else ""
        files = {example.path: (mark + example.text).encode()}
        files.update((path, dedent(text).encode()) for path, text in example.others.items())
        crlf = {path: data.replace(b"\n", b"\r\n") for path, data in files.items()}
        file, findings = findings_in(files, example.path)
        other, same = findings_in(crlf, example.path)
        assert [finding.rule for finding in findings] == [finding.rule for finding in same]
        for finding, twin in zip(findings, same, strict=True):
            for fix, again in zip(finding.fixes, twin.fixes, strict=True):
                plain, change = build(files, file, fix), build(crlf, other, again)
                assert (plain is None) == (change is None), fix.title
                if plain is None or change is None:
                    continue
                after = by_bytes(crlf, change)
                new = {part.path for part in change if part.create}
                for path, data in by_bytes(files, plain).items():
                    # A new file has CRLF when something of it was taken from an old one.
                    wanted = {data.replace(b"\n", b"\r\n"), *([data] if path in new else [])}
                    assert after[path] in wanted, f"{fix.title}: {path}"
                assert over_lsp(crlf, change) == after, fix.title
                assert over_lsp(files, plain) == by_bytes(files, plain), fix.title
