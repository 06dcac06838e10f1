defmodule ChatApp.Rooms.InvitationEmail do
  import Swoosh.Email

  alias ChatApp.Mailer

  def deliver(invitation, link) do
    new()
    |> to(invitation.email)
    |> from({"ChatApp", Application.fetch_env!(:chat_app, Mailer)[:sender]})
    |> subject("You are invited to a room")
    |> text_body("Somebody wants to talk to you. Join them here: #{link}")
    |> Mailer.deliver()
  end
end
