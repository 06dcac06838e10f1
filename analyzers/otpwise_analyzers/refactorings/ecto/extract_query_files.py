"""The files around the queries of the examples."""

from __future__ import annotations

REPO = """\
defmodule Shop.Repo do
  use Ecto.Repo, otp_app: :shop, adapter: Ecto.Adapters.Postgres
end
"""

USER = """\
defmodule Shop.Accounts.User do
  use Ecto.Schema

  schema "users" do
    field :name, :string
    field :email, :string
    field :status, Ecto.Enum, values: [:active, :closed]
    field :role, :string
    field :age, :integer
    field :confirmed, :boolean
    field :deleted_at, :utc_datetime
    belongs_to :team, Shop.Accounts.Team
    has_many :posts, Shop.Blog.Post
    timestamps()
  end
end
"""

TEAM = """\
defmodule Shop.Accounts.Team do
  use Ecto.Schema

  schema "teams" do
    field :name, :string
    field :archived_at, :utc_datetime
    has_many :users, Shop.Accounts.User
  end
end
"""

POST = """\
defmodule Shop.Blog.Post do
  use Ecto.Schema

  schema "posts" do
    field :title, :string
    field :published_at, :utc_datetime
    field :views, :integer
    belongs_to :user, Shop.Accounts.User
    timestamps()
  end
end
"""

SHOP = {"lib/shop/repo.ex": REPO, "lib/shop/accounts/user.ex": USER}
