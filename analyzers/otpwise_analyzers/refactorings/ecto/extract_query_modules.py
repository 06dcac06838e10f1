"""Query modules that are there already, or named otherwise, and what the caller imports."""

from __future__ import annotations

from otpwise_analyzers.refactorings.ecto.extract_query_files import POST, SHOP, TEAM
from otpwise_analyzers.rules.base import Example

EXAMPLES = (
    Example(
        """\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def list_admins(team_id) do
            User
            |> where([u], u.team_id == ^team_id and u.status == :active and u.role == "admin")
            |> «»Repo.all()
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others={
            **SHOP,
            "lib/shop/accounts/user_query.ex": """\
            defmodule Shop.Accounts.UserQuery do
              @moduledoc "Queries of users."

              import Ecto.Query

              alias Shop.Accounts.User

              @doc "All users."
              @spec base() :: Ecto.Query.t()
              def base, do: from(u in User, as: :person)

              @doc "Those that may sign in."
              @spec enabled(Ecto.Queryable.t()) :: Ecto.Query.t()
              def enabled(query), do: where(query, [u], u.status == :active)

              @spec of_team(Ecto.Queryable.t(), integer()) :: Ecto.Query.t()
              def of_team(query, id), do: from(u in query, where: u.team_id == ^id)
            end
            """,
        },
        fixed="""\
        defmodule Shop.Accounts do
          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def list_admins(team_id) do
            UserQuery.base()
            |> UserQuery.of_team(team_id)
            |> UserQuery.enabled()
            |> UserQuery.with_role_admin()
            |> Repo.all()
          end
        end
        """,
        fixed_others={
            "lib/shop/accounts/user_query.ex": """\
            defmodule Shop.Accounts.UserQuery do
              @moduledoc "Queries of users."

              import Ecto.Query

              alias Shop.Accounts.User

              @doc "All users."
              @spec base() :: Ecto.Query.t()
              def base, do: from(u in User, as: :person)

              @doc "Those that may sign in."
              @spec enabled(Ecto.Queryable.t()) :: Ecto.Query.t()
              def enabled(query), do: where(query, [u], u.status == :active)

              @spec of_team(Ecto.Queryable.t(), integer()) :: Ecto.Query.t()
              def of_team(query, id), do: from(u in query, where: u.team_id == ^id)

              @doc "Those whose `role` is `admin`."
              @spec with_role_admin(Ecto.Queryable.t()) :: Ecto.Query.t()
              def with_role_admin(query), do: where(query, [person: u], u.role == "admin")
            end
            """,
        },
    ),
    Example(
        """\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def list_users(team_id) do
            from(u in User,
              where: u.confirmed and u.team_id == ^team_id,
              «join»: t in assoc(u, :team),
              where: is_nil(t.archived_at)
            )
            |> Repo.all()
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others={
            **SHOP,
            "lib/shop/accounts/team.ex": TEAM,
            "lib/shop/accounts/user_queries.ex": """\
            defmodule Shop.Accounts.UserQueries do
              @moduledoc "Queries of users."

              import Ecto.Query

              alias Shop.Accounts.User

              def base, do: User

              def named(query \\\\ base(), name), do: where(query, name: ^name)
            end
            """,
        },
        fixed="""\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.UserQueries
          alias Shop.Repo

          def list_users(team_id) do
            UserQueries.base()
            |> UserQueries.confirmed()
            |> UserQueries.by_team(team_id)
            |> join(:inner, [u], t in assoc(u, :team))
            |> where([_, t], is_nil(t.archived_at))
            |> Repo.all()
          end
        end
        """,
        fixed_others={
            "lib/shop/accounts/user_queries.ex": """\
            defmodule Shop.Accounts.UserQueries do
              @moduledoc "Queries of users."

              import Ecto.Query

              alias Shop.Accounts.User

              def base, do: User

              def named(query \\\\ base(), name), do: where(query, name: ^name)

              @doc "Those whose `confirmed` is true."
              def confirmed(query), do: where(query, [u], u.confirmed)

              @doc "Those whose `team_id` is the given one."
              def by_team(query, team_id), do: where(query, [u], u.team_id == ^team_id)
            end
            """,
        },
    ),
    Example(
        """\
        defmodule Shop.Blog do
          import Ecto.Query

          alias Shop.Blog.Post
          alias Shop.Repo

          def list_posts(user) do
            Post
            |> where([p], p.user_id == ^user.id and not is_nil(p.published_at) and p.«views» > 100)
            |> Repo.all()
          end
        end
        """,
        path="lib/shop/blog.ex",
        others={
            **SHOP,
            "lib/shop/blog/post.ex": POST,
            "lib/shop/accounts/user_queries.ex": """\
            defmodule Shop.Accounts.UserQueries do
              @moduledoc false
              import Ecto.Query

              def named(query, name), do: where(query, name: ^name)
            end
            """,
        },
        fixed="""\
        defmodule Shop.Blog do
          alias Shop.Blog.PostQueries
          alias Shop.Repo

          def list_posts(user) do
            PostQueries.base()
            |> PostQueries.by_user(user.id)
            |> PostQueries.published()
            |> PostQueries.with_views_above_100()
            |> Repo.all()
          end
        end
        """,
        fixed_others={
            "lib/shop/blog/post_queries.ex": """\
            defmodule Shop.Blog.PostQueries do
              @moduledoc "Queries of posts, to be composed: each function takes a query and returns one."

              import Ecto.Query

              alias Shop.Blog.Post

              @doc "All posts; a query calls them `:post`."
              def base, do: from(p in Post, as: :post)

              @doc "Those whose `user_id` is the given one."
              def by_user(query, user_id), do: where(query, [post: p], p.user_id == ^user_id)

              @doc "Those with `published_at`."
              def published(query), do: where(query, [post: p], not is_nil(p.published_at))

              @doc "Those whose `views` is more than 100."
              def with_views_above_100(query), do: where(query, [post: p], p.views > 100)
            end
            """,
        },
    ),
    Example(
        """\
        defmodule Billing.Invoices do
          import Ecto.Query

          alias Billing.Invoices.Invoice

          def unpaid(customer_id) do
            from(i in Invoice, where: i.customer_id == ^customer_id and «is_nil»(i.paid_at))
          end
        end
        """,
        path="apps/billing/lib/billing/invoices.ex",
        others={
            "apps/billing/lib/billing/invoices/invoice.ex": """\
            defmodule Billing.Invoices.Invoice do
              use Ecto.Schema

              schema "invoices" do
                field :customer_id, :id
                field :paid_at, :utc_datetime
              end
            end
            """,
            "mix.exs": """\
            defmodule Billing.Umbrella.MixProject do
              use Mix.Project

              def project, do: [apps_path: "apps", version: "0.1.0"]
            end
            """,
            "apps/billing/mix.exs": """\
            defmodule Billing.MixProject do
              use Mix.Project

              def project, do: [app: :billing, version: "0.1.0"]
            end
            """,
        },
        fixed="""\
        defmodule Billing.Invoices do
          alias Billing.Invoices.InvoiceQuery

          def unpaid(customer_id) do
            InvoiceQuery.base() |> InvoiceQuery.by_customer(customer_id) |> InvoiceQuery.not_paid()
          end
        end
        """,
        fixed_others={
            "apps/billing/lib/billing/invoices/invoice_query.ex": """\
            defmodule Billing.Invoices.InvoiceQuery do
              @moduledoc "Queries of invoices, to be composed: each function takes a query and returns one."

              import Ecto.Query

              alias Billing.Invoices.Invoice

              @doc "All invoices; a query calls them `:invoice`."
              def base, do: from(i in Invoice, as: :invoice)

              @doc "Those whose `customer_id` is the given one."
              def by_customer(query, customer_id) do
                where(query, [invoice: i], i.customer_id == ^customer_id)
              end

              @doc "Those without `paid_at`."
              def not_paid(query), do: where(query, [invoice: i], is_nil(i.paid_at))
            end
            """,
        },
    ),
    Example(
        """\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def list_users(team_id, filters) do
            User
            |> where([u], u.team_id == ^team_id)
            |> where([u], is_nil(u.«deleted_at»))
            |> filtered(filters)
            |> where([u], u.confirmed)
            |> Repo.all()
          end

          defp filtered(query, filters), do: where(query, ^filters)
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        fixed="""\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def list_users(team_id, filters) do
            UserQuery.base()
            |> UserQuery.by_team(team_id)
            |> UserQuery.not_deleted()
            |> filtered(filters)
            |> where([u], u.confirmed)
            |> Repo.all()
          end

          defp filtered(query, filters), do: where(query, ^filters)
        end
        """,
        fixed_others={
            "lib/shop/accounts/user_query.ex": """\
            defmodule Shop.Accounts.UserQuery do
              @moduledoc "Queries of users, to be composed: each function takes a query and returns one."

              import Ecto.Query

              alias Shop.Accounts.User

              @doc "All users; a query calls them `:user`."
              def base, do: from(u in User, as: :user)

              @doc "Those whose `team_id` is the given one."
              def by_team(query, team_id), do: where(query, [user: u], u.team_id == ^team_id)

              @doc "Those without `deleted_at`."
              def not_deleted(query), do: where(query, [user: u], is_nil(u.deleted_at))
            end
            """,
        },
    ),
)
