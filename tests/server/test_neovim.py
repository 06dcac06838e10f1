"""A real editor: Neovim opens a file, sees what is wrong, takes a fix, and the file on the disk is changed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.server.conftest import COMMAND, ENVIRONMENT, FAULTY, ROOT, UNKNOWN

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
