defmodule ChatAppWeb.HealthController do
  use ChatAppWeb, :controller

  alias ChatApp.Repo

  def show(conn, _params) do
    case Repo.query("SELECT 1") do
      {:ok, _result} -> json(conn, %{status: "ok"})
      {:error, _reason} -> conn |> put_status(503) |> json(%{status: "no database"})
    end
  end
end
