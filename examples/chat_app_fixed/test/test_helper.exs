ExUnit.start()
Ecto.Adapters.SQL.Sandbox.mode(ChatApp.Repo, :manual)
