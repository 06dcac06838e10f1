import Config

# Evaluated on every boot, releases included.
if System.get_env("PHX_SERVER") do
  config :chat_app, ChatAppWeb.Endpoint, server: true
end

if config_env() == :prod do
  maybe_ipv6 = if System.get_env("ECTO_IPV6") in ~w(true 1), do: [:inet6], else: []

  config :chat_app, ChatApp.Repo,
    url: System.fetch_env!("DATABASE_URL"),
    pool_size: String.to_integer(System.get_env("POOL_SIZE") || "10"),
    socket_options: maybe_ipv6

  host = System.get_env("PHX_HOST") || "chat.example.com"
  port = String.to_integer(System.get_env("PORT") || "4000")

  config :chat_app, ChatAppWeb.Endpoint,
    url: [host: host, port: 443, scheme: "https"],
    http: [ip: {0, 0, 0, 0, 0, 0, 0, 0}, port: port],
    secret_key_base: System.fetch_env!("SECRET_KEY_BASE")

  config :chat_app, ChatApp.Mailer,
    adapter: Swoosh.Adapters.Postmark,
    api_key: System.fetch_env!("POSTMARK_API_KEY"),
    sender: System.get_env("MAIL_FROM") || "hello@chat.example.com"
end
