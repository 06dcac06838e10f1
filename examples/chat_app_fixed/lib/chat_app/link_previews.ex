defmodule ChatApp.LinkPreviews do
  @moduledoc "Title and picture of the pages that people link to."

  alias ChatApp.LinkPreviews.Cache

  @url ~r{https?://[^\s<>"]+}

  @doc "Called once after boot: previews are a nicety, the rest of the chat works without them."
  def enable do
    :ok
  end

  def for_message(body) do
    @url
    |> Regex.scan(body)
    |> List.flatten()
    |> Task.async_stream(&preview/1, timeout: 3_000, on_timeout: :kill_task)
    |> Enum.flat_map(fn
      {:ok, {:ok, preview}} -> [preview]
      _failed -> []
    end)
  end

  def preview(url) do
    with :miss <- Cache.get(url),
         {:ok, preview} <- fetch(url) do
      Cache.put(url, preview)
      {:ok, preview}
    end
  end

  defp fetch(url) do
    with {:ok, %{status: 200, body: body}} <-
           Finch.request(Finch.build(:get, url), ChatApp.Finch),
         [_, title] <- Regex.run(~r{<title>([^<]+)</title>}i, body) do
      {:ok, %{url: url, title: String.trim(title)}}
    else
      _other -> {:error, :no_preview}
    end
  end
end
