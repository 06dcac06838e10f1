defmodule ChatApp.Messages.Attachment do
  @max_bytes Application.compile_env(:chat_app, :max_attachment_bytes, 5_000_000)

  def allowed?(bytes), do: bytes <= @max_bytes

  def url(key), do: "https://#{bucket()}.s3.amazonaws.com/#{URI.encode(key)}"

  # Files are kept in the object store and never pass through this application.
  defp bucket, do: System.get_env("ATTACHMENTS_BUCKET") || "chat-app-attachments"
end
