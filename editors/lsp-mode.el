;; As an add-on: it runs beside the main Elixir server.
(with-eval-after-load 'lsp-mode
  (lsp-register-client
   (make-lsp-client :new-connection (lsp-stdio-connection '("otpwise" "server"))
                    :activation-fn (lsp-activate-on "elixir" "heex" "dockerfile")
                    :add-on? t
                    :priority -1
                    :server-id 'otpwise)))
