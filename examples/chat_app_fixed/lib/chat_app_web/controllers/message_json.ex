defmodule ChatAppWeb.MessageJSON do
  alias ChatApp.Messages.Message
  alias ChatApp.Repo

  def index(%{messages: messages}), do: %{data: Enum.map(messages, &data/1)}

  def show(%{message: message}), do: %{data: data(message)}

  defp data(%Message{} = message) do
    message = Repo.preload(message, :author)

    %{
      id: message.id,
      body: message.body,
      author: message.author.username,
      edited: not is_nil(message.edited_at)
    }
  end
end
