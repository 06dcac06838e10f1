defmodule ChatApp.Messages.Message do
  use Ecto.Schema
  import Ecto.Changeset

  schema "messages" do
    field :body, :string
    field :edited_at, :utc_datetime
    belongs_to :room, ChatApp.Rooms.Room
    belongs_to :author, ChatApp.Accounts.User
    belongs_to :parent, __MODULE__

    timestamps(type: :utc_datetime)
  end

  def changeset(message, attrs) do
    message
    |> cast(attrs, [:body, :parent_id])
    |> update_change(:body, &String.trim/1)
    |> validate_required([:body, :room_id, :author_id])
    |> validate_length(:body, max: 4_000)
    |> foreign_key_constraint(:room_id)
  end
end
