"""Configuration, several folders, watched files, and the index."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types

from tests.server.conftest import FAULTY, UNKNOWN, Connect, make_project

IGNORING = f'ignore = ["{UNKNOWN}"]\n'


async def test_the_projects_settings_and_their_mistakes(mini: Path, connect: Connect) -> None:
    settings = mini / ".otpwise.toml"
    settings.write_text('# ours\nprofile = "sloppy"\n')
    uri = (mini / "lib/mini/a.ex").as_uri()
    async with connect("vscode-pull", [mini]) as editor:
        (problem,) = await editor.diagnostics(settings.as_uri())
        assert problem.range.start.line == 1 and "`profile`" in problem.message
        settings.write_text(IGNORING)
        editor.watched(settings.as_uri())
        await editor.until(lambda: editor.published[-1].diagnostics == ())
        editor.open(uri, FAULTY)
        answer = await editor.raw("textDocument/diagnostic", {"textDocument": {"uri": uri}})
        assert list(answer["items"]) == []
        settings.unlink()
        refreshed = editor.client.diagnostic_refresh_count
        editor.watched(settings.as_uri(), types.FileChangeType.Deleted)
        await editor.until(lambda: editor.client.diagnostic_refresh_count > refreshed)
        again = await editor.raw(
            "textDocument/diagnostic", {"textDocument": {"uri": uri}, "previousResultId": answer["resultId"]}
        )
        assert len(again["items"]) == 2


async def test_the_clients_settings(mini: Path, connect: Connect) -> None:
    uri = (mini / "lib/mini/a.ex").as_uri()
    async with connect("helix", [mini], settings={"otpwise": {"ignore": ["suppression"]}}) as editor:
        editor.open(uri, FAULTY)
        await editor.until(lambda: editor.published and editor.published[-1].diagnostics == ())
        editor.client.set_configuration({"severity": {UNKNOWN: "error"}}, section="otpwise")
        editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=None))
        await editor.until(lambda: len(editor.published[-1].diagnostics) == 2)
        assert editor.published[-1].diagnostics[0].severity == types.DiagnosticSeverity.Error


async def test_settings_that_come_with_initialize_and_are_wrong(mini: Path, connect: Connect) -> None:
    uri = (mini / "lib/mini/a.ex").as_uri()
    options = {"severity": {UNKNOWN: "off"}, "profile": "sloppy"}
    async with connect("emacs", [mini], options=options) as editor:
        editor.open(uri, FAULTY)
        await editor.until(lambda: editor.published and editor.published[-1].diagnostics == ())
        await editor.until(lambda: editor.client.messages)
        assert "`profile`" in editor.client.messages[0].message


async def test_each_folder_has_its_own_settings(tmp_path: Path, connect: Connect) -> None:
    one, other = make_project(tmp_path / "one"), make_project(tmp_path / "other")
    (one / ".otpwise.toml").write_text(IGNORING)
    first, second = ((root / "lib/mini/a.ex").as_uri() for root in (one, other))
    async with connect("visual-studio-code", [one]) as editor:
        editor.client.workspace_did_change_workspace_folders(
            types.DidChangeWorkspaceFoldersParams(
                types.WorkspaceFoldersChangeEvent([types.WorkspaceFolder(other.as_uri(), "other")], [])
            )
        )
        editor.open(first, FAULTY)
        editor.open(second, FAULTY)
        await editor.until(lambda: len(editor.client.diagnostics.get(second, ())) == 2)
        await editor.until(lambda: editor.client.diagnostics.get(first) == ())


async def test_files_are_watched_and_progress_is_shown(mini: Path, connect: Connect) -> None:
    async with connect("visual-studio-code", [mini]) as editor:
        await editor.until(lambda: editor.watchers)
        assert {one.method for one in editor.watchers} >= {types.WORKSPACE_DID_CHANGE_WATCHED_FILES}
        reports = editor.client.progress_reports
        await editor.until(lambda: reports and [r.kind for r in next(iter(reports.values()))][-1:] == ["end"])
        kinds = [report.kind for report in next(iter(reports.values()))]
        assert kinds[0] == "begin" and kinds.count("end") == 1


async def test_many_files_are_indexed_in_processes(mini: Path, connect: Connect) -> None:
    for number in range(400):
        (mini / f"lib/mini/m{number}.ex").write_text(
            f"defmodule Mini.M{number} do\n  def f, do: {number}\nend\n"
        )
    uri = (mini / "lib/mini/a.ex").as_uri()
    async with connect("vscode-pull", [mini]) as editor:
        editor.open(uri, FAULTY)
        # Open files are answered while the index is being made.
        assert (
            len((await editor.raw("textDocument/diagnostic", {"textDocument": {"uri": uri}}))["items"]) == 2
        )
        reports = editor.client.progress_reports
        await editor.until(
            lambda: reports and [r.kind for r in next(iter(reports.values()))][-1:] == ["end"], 60
        )
        messages = [getattr(report, "message", None) for report in next(iter(reports.values()))]
        assert "402/402 files" in messages


async def test_a_change_in_another_file_is_seen_in_this_one(mini: Path, connect: Connect) -> None:
    text = """defmodule Mini.Search do
  def by_name(name), do: Mini.Database.query("SELECT * FROM users WHERE name = '#{name}'")
end
"""
    uri = (mini / "lib/mini/search.ex").as_uri()
    database = mini / "lib/mini/database.ex"
    async with connect("visual-studio-code", [mini]) as editor:
        reports = editor.client.progress_reports
        await editor.until(lambda: reports and [r.kind for r in next(iter(reports.values()))][-1:] == ["end"])
        editor.open(uri, text)
        assert await editor.diagnostics(uri, 1) == []
        database.write_text("defmodule Mini.Database do\n  use Ecto.Repo, otp_app: :mini\nend\n")
        editor.watched(database.as_uri(), types.FileChangeType.Created)
        await editor.until(lambda: editor.client.diagnostics[uri])
        assert "ecto/sql-injection" in {found.code for found in editor.client.diagnostics[uri]}
        # What is typed into the other file counts before it is saved.
        editor.open(database.as_uri(), database.read_text())
        editor.change(database.as_uri(), 2, types.TextDocumentContentChangeWholeDocument("# nothing\n"))
        await editor.until(lambda: editor.client.diagnostics[uri] == ())


async def test_what_git_ignores_is_no_part_of_the_project(mini: Path, connect: Connect) -> None:
    (mini / ".gitignore").write_text("/generated\n")
    (mini / "generated").mkdir()
    uri = (mini / "lib/mini/search.ex").as_uri()
    text = "defmodule Mini.S do\n  def f(x), do: Mini.Db.query(\"SELECT '#{x}'\")\nend\n"
    async with connect("visual-studio-code", [mini]) as editor:
        editor.open(uri, text)
        await editor.diagnostics(uri, 1)
        hidden = mini / "generated" / "db.ex"
        hidden.write_text("defmodule Mini.Db do\n  use Ecto.Repo, otp_app: :mini\nend\n")
        editor.watched(hidden.as_uri(), types.FileChangeType.Created)
        editor.change(uri, 2, types.TextDocumentContentChangeWholeDocument(text + "\n"))
        assert await editor.diagnostics(uri, 2) == []
