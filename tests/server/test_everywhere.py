"""A rule's fixes in the whole project: offered at one finding, shown before they are made, all or none."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from otpwise_analyzers.rules.catalogue import RULES
from otpwise_analyzers.source.lines import Encoding
from otpwise_cli.check import Options, run
from tests.server.conftest import Connect, Editor
from tests.server.editing import FILES, made, write
from tests.server.test_clients import indexed, offer

RULE = "otp/missing-init"
TITLE = f"Fix all of {RULE} in the project"
TRACKER = """defmodule Mini.@ do
  use GenServer

  # é😀
  def start_link(opts), do: GenServer.start_link(__MODULE__, opts)
end
"""
INIT = "def init("
# The line of the finding.
USE = 1


def tracker(name: str) -> str:
    return TRACKER.replace("@", name)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """One rule with a safe fix in three files, of which one has CRLF; another with renamings in two."""
    more = {
        "lib/mini/a.ex": tracker("A"),
        "lib/mini/b.ex": tracker("B"),
        "lib/mini/c.ex": "\ufeff" + tracker("C").replace("\n", "\r\n"),
        "lib/mini/usr.ex": "defmodule Mini.User do\n  def a, do: 1\nend\n",
    }
    return write(tmp_path / "mini", {**FILES, **more})


async def command(editor: Editor, **wanted: Any) -> None:
    call = {"command": "otpwise.fixAllInProject", "arguments": [wanted]}
    assert await editor.raw("workspace/executeCommand", call) is None


async def asked_edit(editor: Editor, count: int = 1) -> dict[str, Any]:
    await editor.until(lambda: len(editor.asked_edits) >= count)
    found: dict[str, Any] = editor.asked_edits[-1]["edit"]
    return found


async def test_it_is_offered_at_one_finding_and_shown_before_it_is_made(root: Path, connect: Connect) -> None:
    a, b = ((root / f"lib/mini/{name}.ex").as_uri() for name in "ab")
    async with connect("visual-studio-code", [root]) as editor:
        await indexed(editor)
        editor.open(a, tracker("A"), version=3)
        # What is typed counts, saved or not.
        typed = "# typed é😀\n" + tracker("B")
        editor.open(b, tracker("B"), version=1)
        editor.change(b, 2, types.TextDocumentContentChangeWholeDocument(typed))
        action = await offer(editor, root, "lib/mini/a.ex", USE, TITLE)
        assert action is not None and action["kind"] == "quickfix" and "edit" not in action
        titles = [one["title"] for one in await editor.actions(a, USE)]
        assert titles.index(TITLE) < min(i for i, one in enumerate(titles) if one.startswith("Ignore"))
        await editor.raw("workspace/executeCommand", action["command"])
        edit = await asked_edit(editor)
        (annotation,) = edit["changeAnnotations"].values()
        assert annotation["needsConfirmation"] and annotation["label"] == f"Fix all of {RULE}"
        assert annotation["description"].startswith("3 findings in 3 files")
        after = made(edit, Encoding.UTF16, {a: (3, tracker("A")), b: (2, typed)})
        assert sorted(after) == [str(root / f"lib/mini/{name}.ex") for name in "abc"]
        assert all(text.count(INIT) == 1 for text in after.values())
        assert after[str(root / "lib/mini/b.ex")].startswith("# typed")
        crlf = after[str(root / "lib/mini/c.ex")]
        assert crlf.count("\r\n") == crlf.count("\n")
        assert all((root / f"lib/mini/{name}.ex").read_text().count(INIT) == 0 for name in "abc")


async def test_it_is_not_offered_where_there_is_nothing_else(root: Path, connect: Connect) -> None:
    for name in "bc":
        (root / f"lib/mini/{name}.ex").write_text("defmodule Mini.None do\nend\n")
    async with connect("visual-studio-code", [root]) as editor:
        await indexed(editor)
        editor.open((root / "lib/mini/a.ex").as_uri(), tracker("A"))
        assert await offer(editor, root, "lib/mini/a.ex", USE, TITLE) is None
        # Somebody writes another one, and tells nobody.
        (root / "lib/mini/b.ex").write_text(tracker("B"))
        assert await offer(editor, root, "lib/mini/a.ex", USE, TITLE) is not None


async def test_what_is_unsafe_says_so_and_renames(root: Path, connect: Connect) -> None:
    rule = "layout/module-path-mismatch"
    uri = (root / "lib/mini/usr.ex").as_uri()
    async with connect("visual-studio-code", [root]) as editor:
        await indexed(editor)
        editor.open(uri, (root / "lib/mini/usr.ex").read_text())
        action = await offer(editor, root, "lib/mini/usr.ex", 0, f"Fix all of {rule} in the project")
        assert action is not None and action["title"].endswith("(may change behaviour)")
        await editor.raw("workspace/executeCommand", action["command"])
        edit = await asked_edit(editor)
        (annotation,) = edit["changeAnnotations"].values()
        assert "may change what the code does" in annotation["description"]
        assert sorted(made(edit, Encoding.UTF16)) == [
            str(root / "lib/mini/accounts.ex"),
            str(root / "lib/mini/user.ex"),
        ]
        # Asked for without saying whether: what is not safe, since nothing is.
        await command(editor, rule=rule, uri=uri)
        assert (await asked_edit(editor, 2)).keys() == edit.keys()
        await command(editor, rule=rule, uri=uri, unsafe=False)
        await editor.until(lambda: editor.client.messages)
        assert "no finding with a safe fix" in editor.client.messages[-1].message


@pytest.mark.parametrize(("name", "shows"), [("emacs", False), ("helix", True), ("sublime", True)])
async def test_an_editor_without_a_preview_asks(name: str, shows: bool, root: Path, connect: Connect) -> None:
    async with connect(name, [root], apply_edits=True) as editor:
        await indexed(editor)
        editor.choices = ["Show diff", None] if shows else [None]
        await command(editor, rule=RULE)
        await editor.until(lambda: len(editor.questions) == len(editor.choices) + (2 if shows else 1))
        assert "Fix 3 findings of otp/missing-init in 3 files: lib/mini/a.ex, " in editor.questions[0].message
        offered = [one.title for one in editor.questions[0].actions or ()]
        assert offered == (["Show diff", "Apply", "Cancel"] if shows else ["Apply", "Cancel"])
        if shows:
            assert [one.title for one in editor.questions[1].actions or ()] == ["Apply", "Cancel"]
            diff = Path(editor.client.shown_documents[0].uri.removeprefix("file://"))
            assert diff.read_text().count("+++ b/lib/mini/") == 3
        await asyncio.sleep(0.2)
        assert editor.asked_edits == []
        editor.choices = ["Apply"]
        await command(editor, rule=RULE)
        edit = await asked_edit(editor)
        assert "changeAnnotations" not in edit
        encoding = Encoding(editor.capabilities.position_encoding or "utf-16")
        assert sum(text.count(INIT) for text in made(edit, encoding).values()) == 3
    if shows:
        assert not diff.exists(), "what was shown goes with the session"


async def test_nothing_is_made_of_a_file_that_changed_meanwhile(root: Path, connect: Connect) -> None:
    async with connect("emacs", [root]) as editor:
        await indexed(editor)

        def spoil() -> str:
            (root / "lib/mini/c.ex").write_text("# somebody else\n")
            return "Apply"

        class Late(list[Any]):
            def pop(self, at: Any = 0) -> str:
                super().pop(at)
                return spoil()

        editor.choices = Late(["Apply"])
        await command(editor, rule=RULE)
        await editor.until(lambda: editor.client.messages)
        assert "lib/mini/c.ex was changed meanwhile" in editor.client.messages[-1].message
        assert editor.asked_edits == []
        # The next time it counts as it is.
        editor.choices = ["Apply"]
        await command(editor, rule=RULE)
        assert len(made(await asked_edit(editor), Encoding.UTF32)) == 2


async def test_an_extension_gets_the_edit_and_the_diff(root: Path, connect: Connect) -> None:
    async with connect("visual-studio-code", [root]) as editor:
        await indexed(editor)
        entries = await editor.raw("otpwise/fixable", {"uri": None})
        by_rule = {(one["rule"], one["unsafe"]): one for one in entries}
        safe = by_rule[RULE, False]
        assert (safe["findings"], safe["files"]) == (3, 3) and safe["summary"]
        assert by_rule["layout/module-path-mismatch", True]["files"] == 2
        answer = await editor.raw("otpwise/fixAllInProject", {"rule": RULE, "uri": None})
        assert (answer["rule"], answer["unsafe"], answer["findings"]) == (RULE, False, 3)
        assert [uri.rpartition("/")[2] for uri in answer["files"]] == ["a.ex", "b.ex", "c.ex"]
        after = made(answer["edit"], Encoding.UTF16)
        subprocess.run(["git", "init", "-q"], cwd=root, check=True)
        subprocess.run(["git", "apply", "-"], input=answer["diff"].encode(), cwd=root, check=True)
        assert {path: Path(path).read_bytes().decode("utf-8-sig") for path in after} == after
        (root / "lib/mini/a.ex").unlink()
        assert await editor.raw("otpwise/fixAllInProject", {"rule": "ecto/raw-sql", "uri": None}) is None
        with pytest.raises(JsonRpcException, match="there is no rule"):
            await editor.raw("otpwise/fixAllInProject", {"rule": "otp/nonsense"})
        with pytest.raises(JsonRpcException, match=r"not \{rule, uri, unsafe\}"):
            await editor.raw("otpwise/fixAllInProject", {"uri": None})


async def test_scaffolds_are_never_taken(root: Path, connect: Connect) -> None:
    """In the example project every fix that the list counts is safe or unsafe."""
    async with connect("visual-studio-code", [root]) as editor:
        await indexed(editor)
        for entry in await editor.raw("otpwise/fixable", {"uri": None}):
            answer = await editor.raw("otpwise/fixAllInProject", {"rule": entry["rule"], "unsafe": True})
            assert answer is not None
            text = "".join(made(answer["edit"], Encoding.UTF16).values())
            assert "# TODO" not in text


async def test_the_editor_makes_what_the_terminal_makes(tmp_path: Path, connect: Connect) -> None:
    rules = [
        "otp/missing-init",
        "otp/unsupervised-process",
        "phoenix/repo-in-web",
        "config/env-in-module-attribute",
        "config/compile-time-env",
    ]
    example = Path(__file__).parents[2] / "examples/chat_app"
    root = tmp_path / "editor"
    shutil.copytree(example, root)
    async with connect("visual-studio-code", [root]) as editor:
        await indexed(editor)
        for number, rule in enumerate(rules):
            answer = await editor.raw("otpwise/fixAllInProject", {"rule": rule, "unsafe": True})
            assert answer is not None, rule
            by_editor = {
                Path(path).relative_to(root): text
                for path, text in made(answer["edit"], Encoding.UTF16).items()
            }
            terminal = tmp_path / f"terminal{number}"
            shutil.copytree(example, terminal)
            options = Options(paths=(terminal,), fix=True, unsafe_fixes=True, hints=True, select=(rule,))
            assert run(options) in (0, 1)
            assert {path: (terminal / path).read_text() for path in by_editor} == by_editor, rule
            changed = [
                path.relative_to(terminal)
                for path in sorted(terminal.rglob("*"))
                if path.is_file() and path.read_bytes() != _bytes(example / path.relative_to(terminal))
            ]
            assert changed == sorted(by_editor), rule


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


async def test_a_client_that_cannot_rename_is_told_what_is_left(root: Path, connect: Connect) -> None:
    async with connect("sublime", [root]) as editor:
        await indexed(editor)
        await command(editor, rule="layout/module-path-mismatch")
        await editor.until(lambda: editor.client.messages)
        assert "cannot rename a file" in editor.client.messages[-1].message and editor.asked_edits == []


async def test_a_big_project_shows_progress_and_can_be_left(root: Path, connect: Connect) -> None:
    for number in range(500):
        write(root, {f"lib/mini/t{number}.ex": tracker(f"T{number}")})
    a = (root / "lib/mini/a.ex").as_uri()
    async with connect("visual-studio-code", [root]) as editor:
        await indexed(editor)
        editor.open(a, tracker("A"))
        reports = editor.client.progress_reports
        known = set(reports)
        await command(editor, rule=RULE)
        (token,) = await editor.until(lambda: [one for one in set(reports) - known if reports[one]])
        assert reports[token][0].title == f"Otpwise: fixing {RULE}" and reports[token][0].cancellable
        # A keystroke is not made to wait.
        for version in range(2, 8):
            editor.change(
                a, version, types.TextDocumentContentChangeWholeDocument(f"# {version}\n" + tracker("A"))
            )
            before = asyncio.get_running_loop().time()
            await editor.diagnostics(a, version)
            assert asyncio.get_running_loop().time() - before < 0.5
        editor.client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))
        await editor.until(lambda: reports[token][-1].kind == "end")
        await asyncio.sleep(0.2)
        assert editor.asked_edits == []


def test_the_request_is_in_the_notes_for_editors() -> None:
    notes = (Path(__file__).parents[2] / "editors/README.md").read_text()
    assert re.search(r"`otpwise/fixAllInProject`.*`otpwise/fixable`", notes, re.DOTALL)
    assert RULE in RULES
