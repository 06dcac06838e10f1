"""A real editor: Emacs with eglot opens a file, sees what is wrong, takes a fix, and saves it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import COMMAND, ENVIRONMENT, FAULTY, UNKNOWN
from tests.server.editing import APPLICATION, FILES, PREVIEWS, STARTED_AT, write

EMACS = shutil.which("emacs")
needs_emacs = pytest.mark.skipif(EMACS is None, reason="Emacs is not installed: no `emacs` on the PATH")
PACKAGES = "/usr/share/emacs/site-lisp/elpa"


def has_eglot() -> bool:
    """Eglot comes with Emacs 29; before, as a package of Debian's."""
    if EMACS is None:
        return False
    script = _PATHS + "(kill-emacs (if (require 'eglot nil t) 0 1))"
    return (
        subprocess.run([EMACS, "--batch", "-Q", "--eval", f"(progn {script})"], check=False).returncode == 0
    )


_PATHS = f"""(dolist (folder (file-expand-wildcards "{PACKAGES}/*")) (add-to-list 'load-path folder))
"""
SCRIPT = (
    _PATHS
    + r"""
(require 'json)
(require 'eglot)
(require 'flymake)
(define-derived-mode elixir-mode prog-mode "Elixir")
(add-to-list 'auto-mode-alist '("\\.exs?\\'" . elixir-mode))
(add-to-list 'eglot-server-programs '(elixir-mode . (@COMMAND@)))
(setq eglot-sync-connect 20 eglot-autoshutdown t eglot-confirm-server-initiated-edits nil
      make-backup-files nil create-lockfiles nil flymake-no-changes-timeout nil)
(defun otpwise-wait (holds)
  (let ((end (+ (float-time) 25)))
    (while (and (not (funcall holds)) (< (float-time) end)) (accept-process-output nil 0.05))))
(defun otpwise-found ()
  (seq-filter (lambda (one) (string-match-p (regexp-quote "@RULE@") (flymake-diagnostic-text one)))
              (flymake-diagnostics)))
(let (out)
  (condition-case problem
      (progn
        (find-file "@FILE@")
        (eglot--connect '(elixir-mode) (project-current t) 'eglot-lsp-server '(@COMMAND@) "elixir")
        (eglot--maybe-activate-editing-mode)
        (otpwise-wait (lambda () (jsonrpc-request (eglot-current-server) :otpwise/tree (list :uri nil))))
        (flymake-mode 1)
        (otpwise-wait (lambda () (flymake-start) (otpwise-found)))
        (dolist (one (otpwise-found))
          (push (list (cons 'line (line-number-at-pos (flymake-diagnostic-beg one)))
                      (cons 'text (flymake-diagnostic-text one)))
                out))
        @WORK@
        (save-some-buffers t)
        (ignore-errors (eglot-shutdown (eglot-current-server))))
    (error (push (list (cons 'problem (format "%S" problem))) out)))
  (with-temp-file "@OUT@" (insert (json-encode (nreverse out)))))
"""
)
TAKE = r"""
        (let ((before (length (otpwise-found))) taken)
          (goto-char (flymake-diagnostic-beg (car (otpwise-found))))
          (cl-letf (((symbol-function 'completing-read)
                     (lambda (_prompt titles &rest _)
                       (let ((first (if (functionp titles) (all-completions "" titles) titles)))
                         (setq taken (if (consp (car first)) (caar first) (car first))))))
                    ((symbol-function 'y-or-n-p) (lambda (&rest _) t)))
            (let ((last-nonmenu-event ?x)) (call-interactively (function eglot-code-actions))))
          (otpwise-wait (lambda () (flymake-start) (< (length (otpwise-found)) before)))
          (push (list (cons 'taken taken)) out))
"""
# A rule in the whole project: asked, answered, and made by eglot.
EVERYWHERE = r"""
        (let (asked)
          (cl-letf (((symbol-function 'completing-read)
                     (lambda (prompt titles &rest _) (push (cons prompt titles) asked) "Apply"))
                    ((symbol-function 'y-or-n-p) (lambda (&rest _) t)))
            (eglot-execute-command (eglot-current-server) 'otpwise.fixAllInProject
                                   (vector (list :rule "@RULE@" :uri nil)))
            (otpwise-wait (lambda () (and asked (buffer-modified-p))))
            (otpwise-wait (lambda () (get-file-buffer "@OTHER@"))))
          (push (list (cons 'asked (format "%S" asked))) out))
"""


def drive(
    root: Path, file: Path, rule: str, scratch: Path, work: str, **values: object
) -> list[dict[str, Any]]:
    """What Emacs has to say: the rule's diagnostics, then what the work adds."""
    if not has_eglot():
        pytest.skip("this Emacs has no eglot")
    out, home = scratch / "out.json", scratch / "home"
    (home / ".emacs.d").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    script = SCRIPT.replace("@WORK@", work)
    values = {"COMMAND": " ".join(map(json.dumps, COMMAND)), "FILE": file, "OUT": out, "RULE": rule, **values}
    for name, value in values.items():
        script = script.replace(f"@{name}@", str(value))
    path = scratch / "drive.el"
    path.write_text(script)
    assert EMACS is not None
    surroundings = {**ENVIRONMENT, "HOME": str(home)}
    subprocess.run(
        [EMACS, "--batch", "-Q", "-l", str(path)], env=surroundings, check=True, timeout=100, cwd=root
    )
    found: list[dict[str, Any]] = json.loads(out.read_text())
    return found


@pytest.mark.emacs
@needs_emacs
def test_eglot_takes_a_fix(mini: Path, tmp_path: Path) -> None:
    file = mini / "lib/mini/a.ex"
    *found, taken = drive(mini, file, UNKNOWN, tmp_path, TAKE)
    assert [one["line"] for one in found] == [2, 3]
    assert all(one["text"].startswith(f"otpwise [{UNKNOWN}]: There is no rule") for one in found)
    assert taken == {"taken": "Remove `otp/no-such-rule` from the comment"}
    assert file.read_text() == FAULTY.replace("  # otpwise:ignore otp/no-such-rule -- why\n", "")


@pytest.mark.emacs
@needs_emacs
def test_eglot_changes_several_files(tmp_path: Path) -> None:
    before = FILES[PREVIEWS].replace(
        '    {"é😀", {:ok, _}} = {"é😀", Mini.Cache.start_link([])}\n', "    # é😀\n"
    )
    root = write(tmp_path / "mini", {**FILES, PREVIEWS: before})
    *found, taken = drive(root, root / PREVIEWS, "otp/unsupervised-process", tmp_path, TAKE)
    assert [one["line"] for one in found] == [STARTED_AT + 1]
    assert taken["taken"].startswith("Let the application supervise Mini.Cache")
    assert "Mini.Tasks}, Mini.Cache]" in (root / APPLICATION).read_text()
    assert (root / PREVIEWS).read_text() == before.replace("    {:ok, _} = Mini.Cache.start_link([])\n", "")


@pytest.mark.emacs
@needs_emacs
def test_eglot_fixes_a_rule_in_the_whole_project(tmp_path: Path) -> None:
    tracker = "defmodule Mini.@ do\n  use GenServer\n\n  # é😀\n  def start_link(o), do: GenServer.start_link(__MODULE__, o)\nend\n"
    files: dict[str, str | bytes] = {f"lib/mini/{n.lower()}.ex": tracker.replace("@", n) for n in "ABC"}
    root = write(tmp_path / "mini", {**FILES, **files})
    other = root / "lib/mini/c.ex"
    *_, asked = drive(root, root / "lib/mini/a.ex", "otp/missing-init", tmp_path, EVERYWHERE, OTHER=other)
    assert "asked" in asked, asked
    assert "Fix 3 findings of otp/missing-init in 3 files: lib/mini/a.ex" in asked["asked"]
    assert "otpwise check --hints --diff --select otp/missing-init" in asked["asked"]
    assert all((root / path).read_text().count("def init(") == 1 for path in files)
