defmodule ChatApp.Rooms.Room do
  use Ecto.Schema
  import Ecto.Changeset

  @derive {Jason.Encoder, only: [:id, :name, :topic, :private, :archived_at]}
  schema "rooms" do
    field :name, :string
    field :topic, :string
    field :private, :boolean, default: false
    field :messages_count, :integer, default: 0
    field :members_count, :integer, default: 0
    field :archived_at, :utc_datetime
    has_many :memberships, ChatApp.Rooms.Membership
    has_many :invitations, ChatApp.Rooms.Invitation

    timestamps(type: :utc_datetime)
  end

  def changeset(room, attrs) do
    room
    |> cast(attrs, [:name, :topic, :private])
    |> validate_required([:name])
    |> validate_length(:name, max: 80)
    |> unique_constraint(:name)
  end

  def archive_changeset(room) do
    change(room, archived_at: DateTime.truncate(DateTime.utc_now(), :second))
  end
end
