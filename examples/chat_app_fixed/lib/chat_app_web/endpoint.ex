defmodule ChatAppWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :chat_app

  @session_options [
    store: :cookie,
    key: "_chat_app_key",
    signing_salt: "tQ2b7mZk",
    same_site: "Lax"
  ]

  socket "/socket", ChatAppWeb.UserSocket, websocket: true, longpoll: false

  # Visitors of the customers' own sites, who have no account here.
  socket "/widget", ChatAppWeb.WidgetSocket, websocket: [check_origin: false], longpoll: false

  socket "/live", Phoenix.LiveView.Socket,
    websocket: [connect_info: [session: @session_options]],
    longpoll: [connect_info: [session: @session_options]]

  plug Plug.Static,
    at: "/",
    from: :chat_app,
    gzip: false,
    only: ChatAppWeb.static_paths()

  plug Plug.RequestId
  plug Plug.Telemetry, event_prefix: [:phoenix, :endpoint]

  plug Plug.Parsers,
    parsers: [:urlencoded, :multipart, :json],
    pass: ["*/*"],
    json_decoder: Phoenix.json_library()

  plug Plug.MethodOverride
  plug Plug.Head
  plug Plug.Session, @session_options
  plug ChatAppWeb.Router
end
