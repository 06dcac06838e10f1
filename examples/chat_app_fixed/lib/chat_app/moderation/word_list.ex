defmodule ChatApp.Moderation.WordList do
  @moduledoc "The words that nobody may use here, as our moderators keep them on their own page."

  use GenServer

  def start_link(opts) do
    GenServer.start_link(__MODULE__, opts, name: Keyword.get(opts, :name, __MODULE__))
  end

  def allowed?(body), do: GenServer.call(__MODULE__, {:allowed?, body})

  @impl true
  def init(opts) do
    url = Keyword.fetch!(opts, :url)
    {:ok, %{url: url, words: nil}, {:continue, {:load, url}}}
  end

  @impl true
  def handle_continue({:load, url}, state) do
    words = fetch(url)
    {:noreply, %{state | words: words}}
  end

  @impl true
  def handle_call({:allowed?, body}, _from, state) do
    words = body |> String.downcase() |> String.split()
    {:reply, not Enum.any?(words, &MapSet.member?(state.words, &1)), state}
  end

  defp fetch(url) do
    {:ok, %{status: 200, body: body}} = Finch.request(Finch.build(:get, url), ChatApp.Finch)
    body |> String.split("\n", trim: true) |> MapSet.new()
  end
end
