"""A real editor: Neovim opens a file, sees what is wrong, takes a fix, and the file on the disk is changed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.server.conftest import COMMAND, ENVIRONMENT, FAULTY, UNKNOWN

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
  vim.wait(20000, function() return #diagnostics() > 0 end, 20)
  for _, found in ipairs(diagnostics()) do
    table.insert(out, { code = found.code or found.user_data.lsp.code, line = found.lnum, source = found.source })
  end
  vim.api.nvim_win_set_cursor(0, { 2, 25 })
  local taken
  vim.ui.select = function(items, _, choose)
    for _, item in ipairs(items) do
      if item[2].title:match("^Remove") then taken = item[2].title return choose(item) end
    end
    choose(nil)
  end
  vim.lsp.buf.code_action()
  vim.wait(20000, function() return taken ~= nil and #diagnostics() == 1 end, 20)
  vim.cmd("write")
  vim.lsp.stop_client(id)
  vim.wait(5000, function() return vim.lsp.client_is_stopped(id) end, 20)
end)
if not ok then out = { tostring(problem) } end
finish()
"""


@pytest.mark.neovim
@needs_neovim
def test_neovim_takes_a_fix(mini: Path, tmp_path: Path) -> None:
    file, out, script = mini / "lib/mini/a.ex", tmp_path / "out.json", tmp_path / "drive.lua"
    values = {"COMMAND": json.dumps(COMMAND), "OUT": str(out), "FILE": str(file), "ROOT": str(mini)}
    lua = SCRIPT
    for name, value in values.items():
        lua = lua.replace(f"@{name}@", value)
    script.write_text(lua)
    assert NVIM is not None
    command = [NVIM, "--headless", "-u", "NONE", "-i", "NONE", "-n", "-c", f"luafile {script}"]
    subprocess.run(command, env=ENVIRONMENT, check=True, timeout=90, cwd=tmp_path)
    assert json.loads(out.read_text()) == [
        {"code": UNKNOWN, "line": 1, "source": "otpwise"},
        {"code": UNKNOWN, "line": 2, "source": "otpwise"},
    ]
    assert file.read_text() == FAULTY.replace("  # otpwise:ignore otp/no-such-rule -- why\n", "")
