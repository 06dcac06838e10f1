defmodule ChatApp.Rooms.Invitation do
  use Ecto.Schema
  import Ecto.Changeset

  @valid_for_days 7

  @derive {Jason.Encoder, except: [:__meta__, :room, :inviter]}
  schema "invitations" do
    field :email, :string
    field :token, :string
    field :expires_at, :utc_datetime
    field :accepted_at, :utc_datetime
    belongs_to :room, ChatApp.Rooms.Room
    belongs_to :inviter, ChatApp.Accounts.User

    timestamps(type: :utc_datetime)
  end

  def changeset(invitation, attrs) do
    invitation
    |> cast(attrs, [:email])
    |> validate_required([:email, :room_id, :inviter_id])
    |> validate_format(:email, ~r/^[^\s]+@[^\s]+$/)
    |> put_change(:token, Base.url_encode64(:crypto.strong_rand_bytes(24), padding: false))
    |> put_change(:expires_at, expires_at())
  end

  def accept_changeset(invitation) do
    change(invitation, accepted_at: DateTime.truncate(DateTime.utc_now(), :second))
  end

  defp expires_at do
    DateTime.utc_now()
    |> DateTime.add(@valid_for_days * 24 * 3600, :second)
    |> DateTime.truncate(:second)
  end
end
