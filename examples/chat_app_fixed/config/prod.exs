import Config

# Whatever depends on the machine is read in runtime.exs, when the release boots.
config :chat_app, ChatAppWeb.Endpoint, force_ssl: [rewrite_on: [:x_forwarded_proto]]

config :logger, level: :info
