;; Emacs 29, or 28 with the package eglot.
;; Eglot runs one server in a buffer: this takes Otpwise. To have it beside another one, put a
;; multiplexer such as rassumfrassum in front of both, or use lsp-mode.
(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs
               '((elixir-mode elixir-ts-mode heex-ts-mode dockerfile-ts-mode) . ("otpwise" "server"))))
