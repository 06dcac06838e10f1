import Config

# A partition of its own for every `mix test --partitions` run.
config :chat_app, ChatApp.Repo,
  username: "postgres",
  password: "postgres",
  hostname: "localhost",
  database: "chat_app_test#{System.get_env("MIX_TEST_PARTITION")}",
  pool: Ecto.Adapters.SQL.Sandbox,
  pool_size: 10

config :chat_app, ChatAppWeb.Endpoint,
  http: [ip: {127, 0, 0, 1}, port: 4002],
  secret_key_base: String.duplicate("only-for-the-test-suite-", 4),
  server: false

config :chat_app, ChatApp.Mailer, adapter: Swoosh.Adapters.Test

config :pbkdf2_elixir, :rounds, 1

config :swoosh, :api_client, false

config :logger, level: :warning

config :phoenix, :plug_init_mode, :runtime
