# Evaluated at compile time, before any dependency is loaded.
import Config

config :chat_app,
  ecto_repos: [ChatApp.Repo],
  generators: [timestamp_type: :utc_datetime]

config :chat_app, ChatAppWeb.Endpoint,
  url: [host: "localhost"],
  adapter: Bandit.PhoenixAdapter,
  render_errors: [formats: [json: ChatAppWeb.ErrorJSON], layout: false],
  pubsub_server: ChatApp.PubSub,
  live_view: [signing_salt: "pR4xT0wq"]

config :chat_app, ChatApp.Mailer, adapter: Swoosh.Adapters.Local, sender: "hello@localhost"

config :swoosh, :api_client, Swoosh.ApiClient.Finch
config :swoosh, finch_name: ChatApp.Finch

config :logger, :console,
  format: "$time $metadata[$level] $message\n",
  metadata: [:request_id]

config :phoenix, :json_library, Jason

import_config "#{config_env()}.exs"
