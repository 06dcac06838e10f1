"""Examples of ecto/n-plus-one."""

from __future__ import annotations

from otpwise_analyzers.rules.base import Example

_REPO = """\
defmodule Shop.Repo do
  use Ecto.Repo, otp_app: :shop, adapter: Ecto.Adapters.Postgres
end
"""
_ACCOUNTS = """\
defmodule Shop.Accounts do
  alias Shop.Accounts.User
  alias Shop.Repo

  def get_user!(id), do: Repo.get!(User, id)

  def load_cached(id), do: Cachex.fetch(:users, id, fn id -> Repo.get(User, id) end)

  def register_visit(user) do
    visit = Repo.get_by(Shop.Accounts.Visit, user_id: user.id)
    Repo.update!(Shop.Accounts.Visit.again(visit))
  end
end
"""

INCORRECT = (
    Example(
        """\
        defmodule Shop.Blog do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def list_authors do
            from(u in User, where: u.role == :author)
            |> Repo.all()
            |> Enum.map(fn user ->
              user = «Repo.preload(user, :posts)»
              %{name: user.name, posts: length(user.posts)}
            end)
          end
        end
        """,
        path="lib/shop/blog.ex",
        others={"lib/shop/repo.ex": _REPO},
        fixed="""\
        defmodule Shop.Blog do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def list_authors do
            from(u in User, where: u.role == :author)
            |> Repo.all()
            |> Repo.preload(:posts)
            |> Enum.map(fn user ->
              %{name: user.name, posts: length(user.posts)}
            end)
          end
        end
        """,
    ),
    Example(
        """\
        defmodule Shop.Blog do
          alias Shop.Repo

          def with_posts(users) do
            Enum.map(users, &«Repo.preload(&1, [:team, posts: :comments])»)
          end

          def titles(users) do
            Enum.flat_map(users, fn user ->
              loaded = «Repo.preload(user, :posts)»
              # Drafts have none.
              Enum.map(loaded.posts, & &1.title)
            end)
          end
        end
        """,
        path="lib/shop/blog.ex",
        others={"lib/shop/repo.ex": _REPO},
        fixed="""\
        defmodule Shop.Blog do
          alias Shop.Repo

          def with_posts(users) do
            Repo.preload(users, [:team, posts: :comments])
          end

          def titles(users) do
            Enum.flat_map(users, fn user ->
              loaded = Repo.preload(user, :posts)
              # Drafts have none.
              Enum.map(loaded.posts, & &1.title)
            end)
          end
        end
        """,
    ),
    Example(
        """\
        defmodule ShopWeb.TeamLive do
          use ShopWeb, :live_view

          def mount(%{"id" => id}, _session, socket) do
            team = Shop.Teams.get_team!(id)

            rows =
              for user <- team.users, user.active do
                {user.name, length(«Shop.Repo.preload(user, :posts)».posts)}
              end

            {:ok, assign(socket, :rows, rows)}
          end
        end
        """,
        path="lib/shop_web/live/team_live.ex",
        others={"lib/shop/repo.ex": _REPO},
        fixed="""\
        defmodule ShopWeb.TeamLive do
          use ShopWeb, :live_view

          def mount(%{"id" => id}, _session, socket) do
            team = Shop.Teams.get_team!(id)

            rows =
              for user <- Shop.Repo.preload(team.users, :posts), user.active do
                {user.name, length(user.posts)}
              end

            {:ok, assign(socket, :rows, rows)}
          end
        end
        """,
    ),
    Example(
        """\
        defmodule Shop.Members do
          alias Shop.Accounts.User
          alias Shop.Repo

          def list(ids), do: Enum.map(ids, &«Repo.get(User, &1)»)
        end
        """,
        path="lib/shop/members.ex",
        others={"lib/shop/repo.ex": _REPO},
        fixed="""\
        defmodule Shop.Members do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def list(ids) do
            # TODO: `users` come in any order and once each, and those without a row are missing:
            # no nil stands for them.
            Repo.all(from(u in User, where: u.id in ^ids))
          end
        end
        """,
    ),
    Example(
        """\
        defmodule Shop.Members do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def bylines(posts) do
            posts
            |> Enum.map(fn post ->
              author = «Repo.get!(User, post.user_id)»
              {post.title, author.name}
            end)
            |> Enum.sort()
          end
        end
        """,
        path="lib/shop/members.ex",
        others={"lib/shop/repo.ex": _REPO},
        fixed="""\
        defmodule Shop.Members do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def bylines(posts) do
            # TODO: a map compares exactly: the keys must equal `user.id` in type and case.
            # A missing row raises KeyError, no longer Ecto.NoResultsError (404).
            users_by_id =
              from(u in User, where: u.id in ^Enum.map(posts, & &1.user_id))
              |> Repo.all()
              |> Map.new(&{&1.id, &1})

            posts
            |> Enum.map(fn post ->
              author = Map.fetch!(users_by_id, post.user_id)
              {post.title, author.name}
            end)
            |> Enum.sort()
          end
        end
        """,
    ),
    Example(
        """\
        defmodule Shop.Mentions do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def mentioned(text) do
            ~r/@(\\w+)/
            |> Regex.scan(text, capture: :all_but_first)
            |> List.flatten()
            |> Enum.map(fn name -> «Repo.get_by(User, name: name)» end)
            |> Enum.reject(&is_nil/1)
          end
        end
        """,
        path="lib/shop/mentions.ex",
        others={"lib/shop/repo.ex": _REPO},
        fix="Load all of them with one query, looked up by key",
        fixed="""\
        defmodule Shop.Mentions do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def mentioned(text) do
            # TODO: a map compares exactly: the keys must equal `user.name` in type and case.
            # Of several rows with one key the last is taken; `get_by` raised.
            names =
              ~r/@(\\w+)/
              |> Regex.scan(text, capture: :all_but_first)
              |> List.flatten()

            users_by_name =
              from(u in User, where: u.name in ^names)
              |> Repo.all()
              |> Map.new(&{&1.name, &1})

            names
            |> Enum.map(fn name -> Map.get(users_by_name, name) end)
            |> Enum.reject(&is_nil/1)
          end
        end
        """,
    ),
    Example(
        """\
        defmodule Shop.Stats do
          import Ecto.Query

          alias Shop.Repo

          def totals(teams) do
            for team <- teams, user <- «Repo.all(where(Shop.Accounts.User, team_id: ^team.id))» do
              {team.name, user.name}
            end
          end

          def busy(users) do
            Enum.filter(users, fn user ->
              «Repo.aggregate(where(Shop.Orders.Order, user_id: ^user.id), :count)» > 10
            end)
          end

          def visits(users) do
            users
            |> Task.async_stream(fn user -> «Repo.all(Ecto.assoc(user, :visits))» end)
            |> Enum.to_list()
          end
        end
        """,
        path="lib/shop/stats.ex",
        others={"lib/shop/repo.ex": _REPO},
    ),
    Example(
        """\
        defmodule Shop.Reports do
          alias Shop.Accounts

          def lines(orders) do
            Enum.map(orders, fn order -> {order.id, «Accounts.get_user!(order.user_id)».name} end)
          end

          def latest(users), do: Enum.map(users, &«last_order»/1)

          defp last_order(user), do: Shop.Repo.one(Shop.Orders.last_of(user))
        end
        """,
        path="lib/shop/reports.ex",
        others={"lib/shop/repo.ex": _REPO, "lib/shop/accounts.ex": _ACCOUNTS},
    ),
    Example(
        """\
        defmodule Shop.Orders do
          alias Shop.Orders.Line
          alias Shop.Repo

          def add_lines(order, products) do
            order = Shop.Orders.Order.touch(order)

            Enum.each(products, fn product ->
              «Repo.insert!(%Line{order_id: order.id, product_id: product.id})»
            end)

            order
          end
        end
        """,
        path="lib/shop/orders.ex",
        others={"lib/shop/repo.ex": _REPO},
        fixed="""\
        defmodule Shop.Orders do
          alias Shop.Orders.Line
          alias Shop.Repo

          def add_lines(order, products) do
            order = Shop.Orders.Order.touch(order)

            Repo.transaction(fn ->
              Enum.each(products, fn product ->
                Repo.insert!(%Line{order_id: order.id, product_id: product.id})
              end)
            end)

            order
          end
        end
        """,
    ),
)

CORRECT = (
    Example(
        """\
        defmodule Shop.Blog do
          import Ecto.Query

          def list_authors do
            from(u in Shop.Accounts.User, preload: [:posts])
            |> Shop.Repo.all()
            |> Enum.map(&length(&1.posts))
          end

          def with_teams(users), do: users |> Shop.Repo.preload(:team) |> Enum.map(& &1.team.name)
        end
        """,
        path="lib/shop/blog.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="one query for each association, whatever the number of users",
    ),
    Example(
        """\
        defmodule Shop.Blog do
          alias Shop.Repo

          def names, do: for(user <- Repo.all(Shop.Accounts.User), do: user.name)

          def ages(query), do: Enum.map(Repo.all(query), & &1.age)

          def total(query) do
            Enum.reduce(Repo.all(query), Repo.one(query), fn user, sum -> sum + user.age end)
          end
        end
        """,
        path="lib/shop/blog.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="what a loop goes over, and what it starts with, is made once",
    ),
    Example(
        """\
        defmodule Shop.Mailing do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def addresses(ids) do
            ids
            |> Enum.chunk_every(500)
            |> Enum.flat_map(fn chunk ->
              Repo.all(from(u in User, where: u.id in ^chunk, select: u.email))
            end)
          end

          def pages(query) do
            0
            |> Stream.iterate(&(&1 + 1))
            |> Stream.map(&Repo.all(offset(query, ^(&1 * 100))))
            |> Enum.take_while(&(&1 != []))
          end
        end
        """,
        path="lib/shop/mailing.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="one query for each chunk or page is what the cure looks like for a long list",
    ),
    Example(
        """\
        defmodule Shop.Dashboard do
          alias Shop.Repo

          @counted [Shop.Accounts.User, Shop.Orders.Order]

          def counts, do: Map.new(@counted, &{&1, Repo.aggregate(&1, :count)})

          def both, do: Enum.map([Shop.Accounts.User, Shop.Orders.Order], &Repo.aggregate(&1, :count))

          def per_tenant(tenants, query) do
            Enum.map(tenants, fn tenant -> Repo.all(query, prefix: tenant) end)
          end
        end
        """,
        path="lib/shop/dashboard.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="a list that the code itself writes down, and one of databases",
    ),
    Example(
        """\
        defmodule Shop.Mentions do
          alias Shop.Repo

          def links(mentions) do
            Enum.map(mentions, fn mention ->
              if Ecto.assoc_loaded?(mention.user),
                do: link(mention.user),
                else: link(Repo.preload(mention, :user).user)
            end)
          end

          defp link(user), do: "/users/#{user.id}"
        end
        """,
        path="lib/shop/mentions.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="only what was not loaded before",
    ),
    Example(
        """\
        defmodule Shop.Search do
          import Ecto.Query

          alias Shop.Repo

          def search(query, options) do
            Enum.reduce(options, query, fn
              {:name, name}, query ->
                where(query, name: ^name)

              {:tags, tags}, query ->
                ids = Repo.all(from(t in Shop.Tag, where: t.name in ^tags, select: t.user_id))
                where(query, [u], u.id in ^ids)
            end)
          end

          def owner_of(entries, wanted) do
            Enum.reduce_while(entries, nil, fn {id, owner_id}, acc ->
              if id == wanted, do: {:halt, Repo.get(Shop.Accounts.User, owner_id)}, else: {:cont, acc}
            end)
          end
        end
        """,
        path="lib/shop/search.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="a clause for one option of a search, and a loop that ends with what it reads, read once",
    ),
    Example(
        """\
        defmodule Shop.Orders do
          alias Ecto.Multi
          alias Shop.Repo

          def checks(lines) do
            Enum.reduce(lines, Multi.new(), fn line, multi ->
              Multi.run(multi, {:stock, line.id}, fn _repo, _changes ->
                {:ok, Repo.get(Shop.Stock, line.stock_id)}
              end)
            end)
          end

          def cached(ids) do
            Enum.map(ids, fn id -> Cachex.fetch(:users, id, &Repo.get(Shop.User, &1)) end)
          end

          def import_users(rows) do
            Enum.each(rows, fn row -> Repo.get_by(Shop.User, email: row.email) end)
          end
        end
        """,
        path="lib/shop/orders.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="what a Multi or a cache is handed runs when they want; an import runs once",
    ),
    Example(
        """\
        defmodule Shop.Visits do
          alias Shop.Accounts

          def again(users), do: Enum.each(users, &Accounts.register_visit/1)

          def cached(ids), do: Enum.map(ids, &Accounts.load_cached/1)

          def tree(node), do: Enum.map(children(node), &tree/1)

          defp children(node), do: Shop.Repo.all(Ecto.assoc(node, :children))
        end
        """,
        path="lib/shop/visits.ex",
        others={"lib/shop/repo.ex": _REPO, "lib/shop/accounts.ex": _ACCOUNTS},
        why="functions that are called for what they do, that ask a cache, or that walk down a tree",
    ),
    Example(
        """\
        defmodule Shop.Orders do
          alias Shop.Orders.Line
          alias Shop.Repo

          def add_lines(order, products) do
            Repo.transaction(fn ->
              Enum.each(products, fn product ->
                Repo.insert!(%Line{order_id: order.id, product_id: product.id})
              end)
            end)
          end

          def charge_all(orders) do
            Enum.each(orders, fn order ->
              {:ok, charge} = Shop.Payments.charge(order)
              Repo.update!(Shop.Orders.Order.paid(order, charge))
            end)
          end
        end
        """,
        path="lib/shop/orders.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="one commit for all of them; and writes of what another service answered for each",
    ),
    Example(
        """\
        defmodule Shop.Sources do
          alias Shop.GithubRepo

          def stars(names), do: Enum.map(names, &GithubRepo.get(&1, :stars))
        end
        """,
        path="lib/shop/sources.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="a module that is only called like a repo",
    ),
)
