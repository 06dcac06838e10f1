defmodule ChatAppWeb.FeedbackController do
  use ChatAppWeb, :controller

  import Swoosh.Email

  alias ChatApp.Mailer

  @max_length 4_000

  def create(conn, %{"text" => text}) when byte_size(text) <= @max_length do
    user = conn.assigns.current_user

    new()
    |> from({"ChatApp", "hello@chat.example.com"})
    |> to("team@chat.example.com")
    |> reply_to(user.email)
    |> subject("What #{user.username} thinks")
    |> text_body(text)
    |> Mailer.deliver()

    send_resp(conn, :accepted, "")
  end
end
