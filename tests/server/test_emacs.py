"""A real editor: Emacs with eglot opens a file, sees what is wrong, takes a fix, and saves it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.server.conftest import COMMAND, ENVIRONMENT, FAULTY, UNKNOWN

EMACS = shutil.which("emacs")
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
        (flymake-mode 1)
        (otpwise-wait (lambda () (flymake-start) (otpwise-found)))
        (dolist (one (otpwise-found))
          (push (list (cons 'line (line-number-at-pos (flymake-diagnostic-beg one)))
                      (cons 'text (flymake-diagnostic-text one)))
                out))
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
        (save-buffer)
        (ignore-errors (eglot-shutdown (eglot-current-server))))
    (error (push (list (cons 'problem (format "%S" problem))) out)))
  (with-temp-file "@OUT@" (insert (json-encode (nreverse out)))))
"""
)


@pytest.mark.emacs
@pytest.mark.skipif(EMACS is None, reason="Emacs is not installed: no `emacs` on the PATH")
def test_eglot_takes_a_fix(mini: Path, tmp_path: Path) -> None:
    if not has_eglot():
        pytest.skip("this Emacs has no eglot")
    file, out, home = mini / "lib/mini/a.ex", tmp_path / "out.json", tmp_path / "home"
    (home / ".emacs.d").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(mini)], check=True)
    script = SCRIPT
    values = {"COMMAND": " ".join(map(json.dumps, COMMAND)), "FILE": file, "OUT": out, "RULE": UNKNOWN}
    for name, value in values.items():
        script = script.replace(f"@{name}@", str(value))
    path = tmp_path / "drive.el"
    path.write_text(script)
    assert EMACS is not None
    surroundings = {**ENVIRONMENT, "HOME": str(home)}
    subprocess.run(
        [EMACS, "--batch", "-Q", "-l", str(path)], env=surroundings, check=True, timeout=100, cwd=mini
    )
    *found, taken = json.loads(out.read_text())
    assert [one["line"] for one in found] == [2, 3]
    assert all(one["text"].startswith(f"otpwise [{UNKNOWN}]: There is no rule") for one in found)
    assert taken == {"taken": "Remove `otp/no-such-rule` from the comment"}
    assert file.read_text() == FAULTY.replace("  # otpwise:ignore otp/no-such-rule -- why\n", "")
