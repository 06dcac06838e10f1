"""The snippets in editors/: all can be read, and those of editors that are here are loaded."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.server.conftest import ENVIRONMENT, ROOT, UNKNOWN

EDITORS = ROOT / "editors"
NVIM, EMACS = shutil.which("nvim"), shutil.which("emacs")


def test_every_snippet_is_listed_and_can_be_read() -> None:
    readme = (EDITORS / "README.md").read_text("utf-8")
    for path in sorted(EDITORS.iterdir()):
        if path.name == "README.md":
            continue
        assert f"({path.name})" in readme, path.name
        text = path.read_text("utf-8")
        assert "otpwise" in text and "server" in text
        if path.suffix in (".json", ".sublime-settings"):
            json.loads(text)
        if path.suffix == ".toml":
            tomllib.loads(text)


def program(folder: Path) -> dict[str, str]:
    """An environment in which `otpwise` is on the PATH."""
    folder.mkdir()
    script = folder / "otpwise"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m otpwise_cli.main "$@"\n')
    script.chmod(0o755)
    return {**ENVIRONMENT, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.neovim
@pytest.mark.skipif(NVIM is None, reason="Neovim is not installed: no `nvim` on the PATH")
def test_neovim_shows_diagnostics_once(mini: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    script = tmp_path / "drive.lua"
    script.write_text(
        f"""
        dofile("{EDITORS / "neovim.lua"}")
        vim.cmd("edit {mini / "lib/mini/a.ex"}")
        vim.bo.filetype = "elixir"
        vim.wait(20000, function() return #vim.diagnostic.get(0) > 0 end, 20)
        vim.wait(700)
        vim.cmd("split {mini / "lib/mini/b.ex"}")
        vim.bo.filetype = "elixir"
        local codes = {{}}
        for _, found in ipairs(vim.diagnostic.get(vim.fn.bufnr("a.ex"))) do
          table.insert(codes, found.user_data.lsp.code)
        end
        local file = io.open("{out}", "w")
        file:write(vim.json.encode({{ codes = codes, servers = #vim.lsp.get_active_clients() }}))
        file:close()
        vim.cmd("qall!")
        """
    )
    assert NVIM is not None
    command = [NVIM, "--headless", "-u", "NONE", "-i", "NONE", "-n", "-c", f"luafile {script}"]
    subprocess.run(command, env=program(tmp_path / "bin"), check=True, timeout=90, cwd=tmp_path)
    assert json.loads(out.read_text()) == {"codes": [UNKNOWN, UNKNOWN], "servers": 1}


@pytest.mark.neovim
@pytest.mark.skipif(NVIM is None, reason="Neovim is not installed: no `nvim` on the PATH")
def test_lua_can_be_read(tmp_path: Path) -> None:
    assert NVIM is not None
    for path in EDITORS.glob("*.lua"):
        check = (
            f"lua local _, e = loadfile('{path}'); if e then print(e); vim.cmd('cquit') end; vim.cmd('qall')"
        )
        run = subprocess.run(
            [NVIM, "--headless", "-u", "NONE", "-c", check], capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr


@pytest.mark.emacs
@pytest.mark.skipif(EMACS is None, reason="Emacs is not installed: no `emacs` on the PATH")
def test_lisp_can_be_read() -> None:
    assert EMACS is not None
    for path in EDITORS.glob("*.el"):
        run = subprocess.run(
            [EMACS, "--batch", "-Q", "-l", str(path)], capture_output=True, text=True, check=False, timeout=60
        )
        assert run.returncode == 0, run.stderr
