defmodule ChatApp.Audit.Entry do
  use Ecto.Schema
  import Ecto.Changeset

  schema "audit_entries" do
    field :action, :string
    field :subject_id, :integer
    belongs_to :actor, ChatApp.Accounts.User

    timestamps(type: :utc_datetime, updated_at: false)
  end

  def changeset(entry, attrs) do
    entry
    |> cast(attrs, [:action, :subject_id, :actor_id])
    |> validate_required([:action])
  end
end
