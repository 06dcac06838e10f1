"""A real editor: Neovim opens a file, sees what is wrong, takes a fix, and the file on the disk is changed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import COMMAND, ENVIRONMENT, FAULTY, ROOT, UNKNOWN
from tests.server.editing import APPLICATION, FILES, MISPLACED, PREVIEWS, STARTED_AT, write

NVIM = shutil.which("nvim")
needs_neovim = pytest.mark.skipif(NVIM is None, reason="Neovim is not installed: no `nvim` on the PATH")

SCRIPT = """
local command = vim.json.decode([==[@COMMAND@]==])
local out = {}
local function finish()
  local file = io.open("@OUT@", "w")
  file:write(vim.json.encode(out))
  file:close()
  vim.cmd("qall!")
end
local ok, problem = pcall(function()
  vim.cmd("edit @FILE@")
  vim.bo.filetype = "elixir"
  local id = vim.lsp.start_client({ name = "otpwise", cmd = command, root_dir = "@ROOT@" })
  vim.lsp.buf_attach_client(0, id)
  local function diagnostics() return vim.diagnostic.get(0) end
  local function of_rule()
    return vim.tbl_filter(function(found) return found.user_data.lsp.code == "@RULE@" end, diagnostics())
  end
  vim.wait(20000, function() return #of_rule() > 0 end, 20)
  for _, found in ipairs(of_rule()) do
    table.insert(out, { code = found.user_data.lsp.code, line = found.lnum, source = found.source })
  end
  local first, count = of_rule()[1], #of_rule()
  vim.api.nvim_win_set_cursor(0, { first.lnum + 1, first.col })
  local taken
  vim.ui.select = function(items, _, choose)
    for _, item in ipairs(items) do
      local data = item[2].data
      if data and data.rule == "@RULE@" and data.what == "fix" then
        taken = item[2].title
        return choose(item)
      end
    end
    choose(nil)
  end
  vim.lsp.buf.code_action()
  vim.wait(20000, function() return taken ~= nil and #of_rule() == count - 1 end, 20)
  vim.cmd("write")
  vim.lsp.stop_client(id)
  vim.wait(5000, function() return vim.lsp.client_is_stopped(id) end, 20)
end)
if not ok then out = { tostring(problem) } end
finish()
"""


def drive(root: Path, file: Path, rule: str, scratch: Path) -> object:
    """Takes the first fix of a rule in Neovim. Answers the rule's diagnostics as they were shown before."""
    out, script = scratch / "out.json", scratch / "drive.lua"
    values = {
        "COMMAND": json.dumps(COMMAND),
        "OUT": str(out),
        "FILE": str(file),
        "ROOT": str(root),
        "RULE": rule,
    }
    lua = SCRIPT
    for name, value in values.items():
        lua = lua.replace(f"@{name}@", value)
    script.write_text(lua)
    assert NVIM is not None
    command = [NVIM, "--headless", "-u", "NONE", "-i", "NONE", "-n", "-c", f"luafile {script}"]
    subprocess.run(command, env=ENVIRONMENT, check=True, timeout=90, cwd=scratch)
    return json.loads(out.read_text())


@pytest.mark.neovim
@needs_neovim
def test_neovim_takes_a_fix(mini: Path, tmp_path: Path) -> None:
    file = mini / "lib/mini/a.ex"
    assert drive(mini, file, UNKNOWN, tmp_path) == [
        {"code": UNKNOWN, "line": 1, "source": "otpwise"},
        {"code": UNKNOWN, "line": 2, "source": "otpwise"},
    ]
    assert file.read_text() == FAULTY.replace("  # otpwise:ignore otp/no-such-rule -- why\n", "")


@pytest.mark.neovim
@needs_neovim
def test_neovim_takes_a_fix_in_the_example(tmp_path: Path) -> None:
    root = tmp_path / "chat_app"
    shutil.copytree(ROOT / "examples" / "chat_app", root)
    file = root / "lib/chat_app/link_previews/cache.ex"
    before = file.read_text()
    (found,) = drive(root, file, "otp/missing-init", tmp_path)  # type: ignore[misc]
    assert found["source"] == "otpwise"
    assert "def init(" not in before
    assert "def init(" in file.read_text()


WORK = """
local command = vim.json.decode([==[@COMMAND@]==])
local out = { said = {} }
vim.notify = function(message) table.insert(out.said, message) end
vim.lsp.handlers["window/showMessage"] = function(_, result) table.insert(out.said, result.message) end
local id
local function attach()
  vim.bo.filetype = "elixir"
  id = id or vim.lsp.start_client({ name = "otpwise", cmd = command, root_dir = "@ROOT@" })
  vim.lsp.buf_attach_client(0, id)
end
local function read()
  local done = false
  vim.wait(20000, function()
    local client = vim.lsp.get_client_by_id(id)
    local answer = client and client.request_sync("otpwise/tree", { uri = vim.NIL }, 5000, 0)
    done = answer and answer.result ~= nil and answer.result ~= vim.NIL
    return done
  end, 50)
  return done
end
local function take(line, title)
  local offered, taken = {}, false
  vim.api.nvim_win_set_cursor(0, { line + 1, 0 })
  vim.ui.select = function(items, _, choose)
    for _, item in ipairs(items) do
      table.insert(offered, item[2].title)
      if not taken and item[2].title:find(title, 1, true) then
        taken = true
        choose(item)
      end
    end
    if not taken then choose(nil) end
  end
  local last = #vim.fn.getline(line + 1)
  vim.lsp.buf.range_code_action({ diagnostics = {} }, { line + 1, 0 }, { line + 1, last })
  vim.wait(20000, function() return #offered > 0 end, 20)
  return taken, offered
end
local ok, problem = pcall(function()
@WORK@
end)
if not ok then out.problem = tostring(problem) end
local file = io.open("@OUT@", "w")
file:write(vim.json.encode(out))
file:close()
vim.cmd("qall!")
"""


def work(root: Path, scratch: Path, lua: str) -> dict[str, Any]:
    """What Neovim has to say after some Lua, in which `attach`, `read` and `take` are known."""
    out, script = scratch / "out.json", scratch / "work.lua"
    values = {"WORK": lua, "COMMAND": json.dumps(COMMAND), "OUT": str(out), "ROOT": str(root)}
    text = WORK
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    script.write_text(text)
    assert NVIM is not None
    command = [NVIM, "--headless", "-u", "NONE", "-i", "NONE", "-n", "-c", f"luafile {script}"]
    subprocess.run(command, env=ENVIRONMENT, check=True, timeout=90, cwd=scratch, capture_output=True)
    found: dict[str, Any] = json.loads(out.read_text())
    assert "problem" not in found, found
    return found


@pytest.mark.neovim
@needs_neovim
def test_neovim_changes_several_files_and_renames_one(tmp_path: Path) -> None:
    root = write(tmp_path / "mini", dict(FILES))
    found = work(
        root,
        tmp_path,
        f"""
  vim.cmd("edit {root / PREVIEWS}")
  attach()
  out.read = read()
  -- The other file changes on the disk, and nobody says so.
  vim.fn.writefile(vim.list_extend({{ "# é😀" }}, vim.fn.readfile("{root / APPLICATION}")), "{root / APPLICATION}")
  out.fixed = take({STARTED_AT}, "supervise Mini.Cache")
  vim.wait(20000, function() return vim.fn.bufloaded("{root / APPLICATION}") == 1 end, 20)
  vim.wait(500)
  vim.cmd("wall")
  vim.cmd("edit {root / MISPLACED}")
  attach()
  out.renamed = take(0, "Rename the file")
  vim.wait(20000, function() return vim.fn.filereadable("{root}/lib/mini/accounts.ex") == 1 end, 20)
""",
    )
    assert found["read"] and found["fixed"] and found["renamed"], found
    application = (root / APPLICATION).read_text()
    assert application.startswith("# é😀\ndefmodule") and "Mini.Tasks}, Mini.Cache]" in application
    assert (root / PREVIEWS).read_text().count("Cache.start_link") == 1
    assert (root / "lib/mini/accounts.ex").read_text() == FILES[MISPLACED]
    assert not (root / MISPLACED).exists()


@pytest.mark.neovim
@needs_neovim
def test_neovim_fixes_a_rule_in_the_whole_project(tmp_path: Path) -> None:
    tracker = "defmodule Mini.@ do\n  use GenServer\n\n  # é😀\n  def start_link(o), do: GenServer.start_link(__MODULE__, o)\nend\n"
    files: dict[str, str | bytes] = {f"lib/mini/{n.lower()}.ex": tracker.replace("@", n) for n in "ABC"}
    root = write(tmp_path / "mini", {**FILES, **files})
    found = work(
        root,
        tmp_path,
        f"""
  vim.cmd("edit {root}/lib/mini/a.ex")
  attach()
  out.read = read()
  local asked
  vim.fn.inputlist = function(lines)
    asked = lines
    return 1
  end
  out.taken, out.offered = take(1, "Fix all of otp/missing-init in the project")
  vim.wait(20000, function() return vim.fn.bufloaded("{root}/lib/mini/c.ex") == 1 end, 20)
  vim.wait(500)
  out.asked = asked
  vim.cmd("wall")
""",
    )
    assert found["taken"], found
    assert "Fix 3 findings of otp/missing-init in 3 files: lib/mini/a.ex" in found["asked"][0]
    assert found["asked"][2:] == ["1. Apply", "2. Cancel"] and found["said"] == []
    assert all((root / path).read_text().count("def init(") == 1 for path in files)
