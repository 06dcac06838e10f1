"""Rows that are loaded for a question that the database answers by itself."""

from __future__ import annotations

from collections.abc import Iterable

from otpwise_analyzers.findings import Applicability, Confidence, Finding, Fix, Level, Related
from otpwise_analyzers.project import places
from otpwise_analyzers.project.loaded_lists import LoadedList, Want, loaded_lists
from otpwise_analyzers.rewrite.asked_of_database import asked, is_countable, is_limitable, is_ordered
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Reference, Rule
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.file import ElixirFile

_REPO = """\
defmodule Shop.Repo do
  use Ecto.Repo, otp_app: :shop, adapter: Ecto.Adapters.Postgres
end
"""
# What `Repo.exists?` and `Repo.aggregate/2` came with.
_SINCE = (3, 3)


class RepoAllThenEnum(Rule):
    name = "ecto/repo-all-then-enum"
    summary = "rows are loaded to be counted, or for one of them"
    impact = Impact.MEDIUM
    detects = (
        "`Repo.all` whose rows are only counted, compared with the empty list, cut to the first ones, summed up, or "
        "filtered by fields that SQL can compare: in a pipe, nested, or by way of a variable that is used once."
    )
    why = (
        "Every row crosses the network and becomes a struct of one to several kilobytes, to be thrown away: with "
        "100,000 rows that are some 100 MB in the process, and seconds. `SELECT count(*)` sends back one number, "
        "`Repo.exists?` stops at the first row, and a `WHERE` can use an index. What was instant in the first year is "
        "slow in the third."
    )
    fine_when = (
        "The rows are needed besides; the query is bounded already (`limit`, a page); the predicate cannot be said in "
        "SQL (it calls functions of the application); a grouped query's rows are counted, for which `Repo.aggregate` "
        "needs a `subquery/1`. None of these is reported."
    )
    trade_off = "Another question about the same rows is another query."
    fix_note = FixNote(
        writes=(
            "`Repo.exists?` for any query (select, order and preloads are dropped, a limit of 1 is added), "
            "`Repo.aggregate(query, :count)` where the query is visibly a schema with conditions, `limit` "
            "with `Repo.one` or `Repo.all` for the first rows."
        ),
        because=(
            "Safe: the database answers the same question. The first rows are unsafe where the query has no "
            "order: which of them comes first was never said."
        ),
        leaves=(
            "Filters and sums: an empty sum is nil in SQL, and its type may differ. Queries whose clauses are "
            "made elsewhere are not counted and not limited."
        ),
    )
    references = (
        Reference("Ecto.Repo.exists?/2", "https://hexdocs.pm/ecto/Ecto.Repo.html#c:exists?/2"),
        Reference("Ecto.Repo.aggregate/3", "https://hexdocs.pm/ecto/Ecto.Repo.html#c:aggregate/3"),
    )
    calls = frozenset({"all"})
    needles = (b"Repo",)

    incorrect = (
        Example(
            """\
            defmodule Shop.Accounts do
              import Ecto.Query

              alias Shop.Accounts.User
              alias Shop.Repo

              def taken?(email) do
                «User
                |> where(email: ^email)
                |> Repo.all()
                |> Enum.any?()»
              end

              def free?(name), do: «Enum.empty?(Repo.all(from(u in User, where: u.name == ^name)))»
            end
            """,
            path="lib/shop/accounts.ex",
            others={"lib/shop/repo.ex": _REPO},
            fixed="""\
            defmodule Shop.Accounts do
              import Ecto.Query

              alias Shop.Accounts.User
              alias Shop.Repo

              def taken?(email) do
                User
                |> where(email: ^email)
                |> Repo.exists?()
              end

              def free?(name), do: Enum.empty?(Repo.all(from(u in User, where: u.name == ^name)))
            end
            """,
        ),
        Example(
            """\
            defmodule Shop.Accounts do
              alias Shop.Repo

              def reachable?(query) do
                users = Repo.all(query)

                if «length(users) > 0», do: :ok, else: {:error, :nobody}
              end
            end
            """,
            path="lib/shop/accounts.ex",
            others={"lib/shop/repo.ex": _REPO},
            fixed="""\
            defmodule Shop.Accounts do
              alias Shop.Repo

              def reachable?(query) do
                any_users? = Repo.exists?(query)

                if any_users?, do: :ok, else: {:error, :nobody}
              end
            end
            """,
        ),
        Example(
            """\
            defmodule Shop.Orders do
              import Ecto.Query

              alias Shop.Orders.Order
              alias Shop.Repo

              def open_count do
                «Repo.all(from(o in Order, where: is_nil(o.closed_at))) |> Enum.count()»
              end

              def page_count(query), do: div(«length(Repo.all(query))», 20) + 1
            end
            """,
            path="lib/shop/orders.ex",
            others={"lib/shop/repo.ex": _REPO},
            fixed="""\
            defmodule Shop.Orders do
              import Ecto.Query

              alias Shop.Orders.Order
              alias Shop.Repo

              def open_count do
                Repo.aggregate(from(o in Order, where: is_nil(o.closed_at)), :count)
              end

              def page_count(query), do: div(length(Repo.all(query)), 20) + 1
            end
            """,
        ),
        Example(
            """\
            defmodule Shop.Orders do
              import Ecto.Query

              alias Shop.Orders.Order
              alias Shop.Repo

              def newest(user) do
                newest =
                  «from(o in Order, where: o.user_id == ^user.id, order_by: [desc: o.id])
                  |> Repo.all()
                  |> List.first()»

                newest && newest.number
              end
            end
            """,
            path="lib/shop/orders.ex",
            others={"lib/shop/repo.ex": _REPO},
            fixed="""\
            defmodule Shop.Orders do
              import Ecto.Query

              alias Shop.Orders.Order
              alias Shop.Repo

              def newest(user) do
                newest =
                  from(o in Order, where: o.user_id == ^user.id, order_by: [desc: o.id])
                  |> limit(1)
                  |> Repo.one()

                newest && newest.number
              end
            end
            """,
        ),
        Example(
            """\
            defmodule Shop.Samples do
              import Ecto.Query

              alias Shop.Orders.Order
              alias Shop.Repo

              def any_three, do: «Order |> where(status: :open) |> Repo.all() |> Enum.take(3)»
            end
            """,
            path="lib/shop/samples.ex",
            others={"lib/shop/repo.ex": _REPO},
            fixed="""\
            defmodule Shop.Samples do
              import Ecto.Query

              alias Shop.Orders.Order
              alias Shop.Repo

              def any_three, do: Order |> where(status: :open) |> limit(3) |> Repo.all()
            end
            """,
        ),
        Example(
            """\
            defmodule Shop.Orders do
              import Ecto.Query

              alias Shop.Orders.Order
              alias Shop.Repo

              def latest, do: «Order |> order_by(desc: :id) |> Repo.all() |> Enum.take(5)»

              def first_ever, do: «hd(Repo.all(Order))»

              def open, do: «Order |> Repo.all() |> Enum.filter(&is_nil(&1.closed_at))»

              def find(orders, number), do: «Repo.all(orders) |> Enum.find(&(&1.number == number))»

              def turnover, do: «Order |> Repo.all() |> Enum.map(& &1.total) |> Enum.sum()»

              def largest, do: «Enum.max_by(Repo.all(Order), & &1.total)»
            end
            """,
            path="lib/shop/orders.ex",
            others={"lib/shop/repo.ex": _REPO},
            fixed="""\
            defmodule Shop.Orders do
              import Ecto.Query

              alias Shop.Orders.Order
              alias Shop.Repo

              def latest, do: Order |> order_by(desc: :id) |> limit(5) |> Repo.all()

              def first_ever, do: hd(Repo.all(Order))

              def open, do: Order |> Repo.all() |> Enum.filter(&is_nil(&1.closed_at))

              def find(orders, number), do: Repo.all(orders) |> Enum.find(&(&1.number == number))

              def turnover, do: Order |> Repo.all() |> Enum.map(& &1.total) |> Enum.sum()

              def largest, do: Enum.max_by(Repo.all(Order), & &1.total)
            end
            """,
        ),
    )
    correct = (
        Example(
            """\
            defmodule Shop.Orders do
              import Ecto.Query

              alias Shop.Orders.Order
              alias Shop.Repo

              def count_per_user do
                from(o in Order, group_by: o.user_id, select: o.user_id) |> Repo.all() |> Enum.count()
              end

              def cities, do: Order |> distinct(:city) |> Repo.all() |> length()
            end
            """,
            path="lib/shop/orders.ex",
            others={"lib/shop/repo.ex": _REPO},
            why="`Repo.aggregate` would count within each group",
        ),
        Example(
            """\
            defmodule Shop.Orders do
              alias Shop.Orders.{Access, Order}
              alias Shop.Repo

              def visible(user), do: Order |> Repo.all() |> Enum.filter(&Access.allowed?(user, &1))

              def matching(text), do: Enum.filter(Repo.all(Order), &String.contains?(&1.note, text))
            end
            """,
            path="lib/shop/orders.ex",
            others={"lib/shop/repo.ex": _REPO},
            why="a predicate of the application cannot run in SQL",
        ),
        Example(
            """\
            defmodule Shop.Orders do
              alias Shop.Orders.Order
              alias Shop.Repo

              def listed do
                orders = Repo.all(Order)
                %{orders: orders, total: length(orders)}
              end
            end
            """,
            path="lib/shop/orders.ex",
            others={"lib/shop/repo.ex": _REPO},
            why="the rows are needed besides",
        ),
        Example(
            """\
            defmodule Shop.Orders do
              import Ecto.Query

              alias Shop.Orders.Order
              alias Shop.Repo

              def newest, do: Order |> order_by(desc: :id) |> limit(1) |> Repo.all() |> List.first()

              def any?(query) do
                bounded = from(o in query, limit: 1)
                Repo.all(bounded) != []
              end

              def number, do: Repo.all(from(o in Order, select: count(o.id))) |> hd()
            end
            """,
            path="lib/shop/orders.ex",
            others={"lib/shop/repo.ex": _REPO},
            why="the query says itself that it answers with one row",
        ),
        Example(
            """\
            defmodule Shop.Orders do
              alias Shop.Orders.Order
              alias Shop.Repo

              def by_user, do: Order |> Repo.all() |> Enum.group_by(& &1.user_id)

              def shown(orders), do: length(orders)

              def stored?(cache), do: Enum.any?(cache.all(Order))
            end
            """,
            path="lib/shop/orders.ex",
            others={"lib/shop/repo.ex": _REPO},
            why="all rows are wanted, or there is no repo in it",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path):
            return
        for loaded in loaded_lists(file):
            repo = file.text(loaded.call.receiver) if loaded.call.receiver is not None else "Repo"
            node = loaded.call.node
            loading = Related(Span(node.start_byte, node.end_byte), "every row is loaded here")
            yield self.finding(
                loaded.outer,
                _said(loaded, repo),
                Level.INFORMATION,
                confidence=Confidence.CERTAIN if loaded.shape is not None else Confidence.LIKELY,
                related=(loading,) if loaded.assignment is not None else (),
                fixes=_fixes(file, loaded),
            )


def _said(loaded: LoadedList, repo: str) -> str:
    name = loaded.name
    match loaded.want:
        case Want.COUNT:
            return (
                f"`{repo}.all` loads every row for `{name}` to count them: "
                f"`{repo}.aggregate(query, :count)` asks for the number alone."
            )
        case Want.EXISTS | Want.NONE:
            return (
                f"`{repo}.all` loads every row to see whether there is one (`{name}`): "
                f"`{repo}.exists?` stops at the first."
            )
        case Want.FIRST | Want.LAST:
            way = "" if loaded.want is Want.FIRST else "the order reversed and "
            return (
                f"`{repo}.all` loads every row for `{name}` to keep one: with {way}`limit(1)` the database sends "
                f"only that, for `{repo}.one`."
            )
        case Want.SOME:
            return f"`{repo}.all` loads every row for `{name}` to keep some: a `limit` in the query sends only those."
        case Want.SUM:
            return (
                f"`{repo}.all` loads every row to add up a field: `{repo}.aggregate(query, :sum, field)` asks for the "
                "sum alone (nil when there is no row)."
            )
        case Want.EXTREME:
            return f"`{repo}.all` loads every row for `{name}` to keep one: `order_by` and `limit(1)` send only that."
        case _:
            return (
                f"`{repo}.all` loads every row, and `{name}` keeps those whose fields match: a `where` in the query "
                "leaves the others in the database, and can use an index."
            )


def _fixes(file: ElixirFile, loaded: LoadedList) -> tuple[Fix, ...]:
    version = file.project.version("ecto")
    if version is not None and version < _SINCE:
        return ()
    match loaded.want:
        case Want.EXISTS | Want.NONE:
            title, applicability = "Ask with `Repo.exists?`", Applicability.SAFE
        case Want.COUNT if is_countable(loaded):
            title, applicability = "Count with `Repo.aggregate`", Applicability.SAFE
        case Want.FIRST if is_limitable(loaded) and loaded.name in ("List.first", "Enum.at"):
            title = "Load one row with `limit(1)` and `Repo.one`"
            applicability = Applicability.SAFE if is_ordered(loaded) else Applicability.UNSAFE
        case Want.SOME if is_limitable(loaded) and loaded.number:
            title = f"Load {loaded.number} rows with `limit`"
            applicability = Applicability.SAFE if is_ordered(loaded) else Applicability.UNSAFE
        case _:
            return ()
    return (Fix(title, applicability, lambda ctx: asked(file, loaded)),)
