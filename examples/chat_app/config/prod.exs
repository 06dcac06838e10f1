import Config

# Whatever depends on the machine is read in runtime.exs, when the release boots.
config :chat_app, ChatAppWeb.Endpoint, force_ssl: [rewrite_on: [:x_forwarded_proto]]

config :chat_app, ChatApp.Mailer, sender: System.get_env("MAIL_FROM") || "hello@chat.example.com"

config :logger, level: :info
