defmodule ChatApp.Repo.Migrations.CreateChat do
  use Ecto.Migration

  def change do
    create table(:users) do
      add :username, :string, null: false
      add :email, :string, null: false
      add :password_hash, :string, null: false
      add :last_seen_at, :utc_datetime
      add :deactivated_at, :utc_datetime
      timestamps(type: :utc_datetime)
    end

    create unique_index(:users, [:email])
    create unique_index(:users, [:username])

    create table(:rooms) do
      add :name, :string, null: false
      add :topic, :string
      add :private, :boolean, null: false, default: false
      add :messages_count, :integer, null: false, default: 0
      add :members_count, :integer, null: false, default: 0
      add :archived_at, :utc_datetime
      timestamps(type: :utc_datetime)
    end

    create unique_index(:rooms, [:name])

    create table(:memberships) do
      add :room_id, references(:rooms, on_delete: :delete_all), null: false
      add :user_id, references(:users, on_delete: :delete_all), null: false
      add :role, :string, null: false, default: "member"
      timestamps(type: :utc_datetime)
    end

    create unique_index(:memberships, [:room_id, :user_id])

    create table(:messages) do
      add :room_id, references(:rooms, on_delete: :delete_all), null: false
      add :author_id, references(:users), null: false
      add :parent_id, references(:messages, on_delete: :nilify_all)
      add :body, :text, null: false
      add :edited_at, :utc_datetime
      timestamps(type: :utc_datetime)
    end

    create index(:messages, [:room_id])
    create index(:messages, [:parent_id])

    create table(:read_marks, primary_key: false) do
      add :room_id, references(:rooms, on_delete: :delete_all), primary_key: true
      add :user_id, references(:users, on_delete: :delete_all), primary_key: true
      add :message_id, :bigint, null: false
    end

    create table(:invitations) do
      add :room_id, references(:rooms, on_delete: :delete_all), null: false
      add :inviter_id, references(:users), null: false
      add :email, :string, null: false
      add :token, :string, null: false
      add :expires_at, :utc_datetime, null: false
      add :accepted_at, :utc_datetime
      timestamps(type: :utc_datetime)
    end

    create unique_index(:invitations, [:token])

    create table(:audit_entries) do
      add :action, :string, null: false
      add :subject_id, :bigint
      add :actor_id, references(:users, on_delete: :nilify_all)
      timestamps(type: :utc_datetime, updated_at: false)
    end
  end
end
