defmodule ChatApp.DataCase do
  use ExUnit.CaseTemplate

  alias ChatApp.Accounts
  alias ChatApp.Repo
  alias Ecto.Adapters.SQL.Sandbox

  using do
    quote do
      import ChatApp.DataCase

      alias ChatApp.Repo
    end
  end

  setup tags do
    owner = Sandbox.start_owner!(Repo, shared: not tags[:async])
    on_exit(fn -> Sandbox.stop_owner(owner) end)
    :ok
  end

  def user_fixture(name) do
    {:ok, user} =
      Accounts.register_user(%{
        username: name,
        email: "#{name}@example.com",
        password: "correct horse battery"
      })

    user
  end
end
