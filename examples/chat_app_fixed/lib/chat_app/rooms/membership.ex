defmodule ChatApp.Rooms.Membership do
  use Ecto.Schema
  import Ecto.Changeset

  schema "memberships" do
    field :role, Ecto.Enum, values: [:owner, :moderator, :member], default: :member
    belongs_to :room, ChatApp.Rooms.Room
    belongs_to :user, ChatApp.Accounts.User

    timestamps(type: :utc_datetime)
  end

  def changeset(membership, attrs) do
    membership
    |> cast(attrs, [:role])
    |> validate_required([:role, :room_id, :user_id])
    |> unique_constraint([:room_id, :user_id])
  end
end
