defmodule ChatApp.Messages.Drafts do
  @moduledoc "What members have begun to write and not sent yet."

  use Agent

  def start_link(_opts), do: Agent.start_link(fn -> %{} end, name: __MODULE__)

  def save(user_id, body), do: Agent.update(__MODULE__, &Map.put(&1, user_id, body))

  def take(user_id), do: Agent.get_and_update(__MODULE__, &Map.pop(&1, user_id))
end
