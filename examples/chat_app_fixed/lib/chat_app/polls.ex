defmodule ChatApp.Polls do
  @moduledoc "Quick polls. They live in memory and end with the meeting."

  def start_poll(room_id, question) do
    Agent.start_link(fn -> %{question: question, votes: %{}} end, name: via(room_id))
  end

  @doc "A poll that is announced beforehand must outlive whoever announced it."
  def announce_poll(room_id, question) do
    poll = fn -> %{question: question, votes: %{}} end

    DynamicSupervisor.start_child(ChatApp.PollSupervisor, %{
      id: Agent,
      start: {Agent, :start_link, [poll, [name: via({:announced, room_id})]]},
      restart: :transient
    })
  end

  def vote(room_id, user_id, choice) do
    Agent.update(via(room_id), &put_in(&1.votes[user_id], choice))
  end

  def results(room_id) do
    Agent.get(via(room_id), fn poll -> poll.votes |> Map.values() |> Enum.frequencies() end)
  end

  def close_poll(room_id), do: Agent.stop(via(room_id))

  defp via(key), do: {:via, Registry, {ChatApp.PollRegistry, key}}
end
