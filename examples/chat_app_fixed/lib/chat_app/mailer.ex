defmodule ChatApp.Mailer do
  use Swoosh.Mailer, otp_app: :chat_app
end
