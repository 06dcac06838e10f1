defmodule ChatApp.Accounts do
  @moduledoc "People: who they are, how they sign in, when we last saw them."

  import Ecto.Query

  alias ChatApp.Accounts.User
  alias ChatApp.Audit.Entry
  alias ChatApp.Repo
  alias ChatApp.Rooms.Membership
  alias Ecto.Multi

  def get_user(id), do: Repo.get(User, id)

  def get_user!(id), do: Repo.get!(User, id)

  # Names are shown as people typed them, so "Ada" and "ada" must find the same account.
  def get_user_by_username(username) do
    User
    |> where([u], ilike(u.username, ^escape_like(username)))
    |> limit(1)
    |> Repo.one()
  end

  def register_user(attrs) do
    Multi.new()
    |> Multi.insert(:user, User.registration_changeset(%User{}, attrs))
    |> Multi.insert(:audit, fn %{user: user} ->
      Entry.changeset(%Entry{}, %{action: "user.registered", actor_id: user.id})
    end)
    |> Repo.transaction()
    |> case do
      {:ok, %{user: user}} -> {:ok, user}
      {:error, :user, changeset, _changes} -> {:error, changeset}
    end
  end

  def authenticate(email, password) do
    user = Repo.get_by(User, email: String.downcase(email))

    cond do
      is_nil(user) ->
        Pbkdf2.no_user_verify()
        {:error, :invalid_credentials}

      user.deactivated_at ->
        {:error, :deactivated}

      Pbkdf2.verify_pass(password, user.password_hash) ->
        {:ok, user}

      true ->
        {:error, :invalid_credentials}
    end
  end

  def touch_last_seen(%User{id: id}) do
    query = from(u in User, where: u.id == ^id)
    Repo.update_all(query, set: [last_seen_at: DateTime.truncate(DateTime.utc_now(), :second)])
  end

  @doc "Closes an account and takes it out of its rooms, both or neither."
  def deactivate_user(%User{} = user) do
    Repo.transaction(fn ->
      close_account(user)
      user.id
    end)
  end

  defp close_account(user) do
    Repo.update!(
      Ecto.Changeset.change(user, deactivated_at: DateTime.truncate(DateTime.utc_now(), :second))
    )

    Repo.delete_all(from(m in Membership, where: m.user_id == ^user.id))
  end

  defp escape_like(term), do: String.replace(to_string(term), ["\\", "%", "_"], &("\\" <> &1))
end
