"""The same conditions written into query after query of a module."""

from __future__ import annotations

from collections.abc import Iterable

from otpwise_analyzers.findings import Confidence, Finding, Level, Related
from otpwise_analyzers.project import places
from otpwise_analyzers.project.repeated_conditions import (
    AT_LEAST,
    Condition,
    RepeatedBase,
    conditions_by_module,
    repeated_base,
)
from otpwise_analyzers.rules.base import Example, Impact, Reference, Rule
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.file import ElixirFile

_REPO = """\
defmodule Shop.Repo do
  use Ecto.Repo, otp_app: :shop, adapter: Ecto.Adapters.Postgres
end
"""


class UncomposedQuery(Rule):
    name = "ecto/uncomposed-query"
    summary = "functions of a module that each write the same conditions into a query of their own"
    impact = Impact.MEDIUM
    detects = (
        "A public function that builds and runs a query in one, where at least two others of its module repeat its base: "
        "the same schema under the same condition that says something (`is_nil(u.deleted_at)`), or under the same two "
        "conditions or more. One `field == ^value` alone is not counted. Reported once for a module."
    )
    why = (
        "What `active` means stands in every query; the one that is forgotten when it changes shows deleted rows. "
        "Nothing can be put together from such functions either, so each filter and each page brings a variant "
        "(`list_x`, `count_x`, `paginate_x`). A function that takes a query and returns one says it once."
    )
    fine_when = "The conditions agree by chance and will change apart from each other."
    trade_off = (
        "The whole query is no longer to be read in one place; three or four such functions in a `UserQuery` module, "
        "named for what they mean, make up for it."
    )
    no_fix = (
        "Which of the conditions belong together, and what they are called, is the point of such a "
        "module; a colleague who knows the domain says it better."
    )
    references = (
        Reference("Ecto.Query: composition", "https://hexdocs.pm/ecto/Ecto.Query.html#module-composition"),
        Reference(
            "Composable queries with named bindings",
            "https://hexdocs.pm/ecto/Ecto.Query.html#module-named-bindings",
        ),
    )
    calls = frozenset({"from", "where"})
    needles = (b"Repo",)

    incorrect = (
        Example(
            """\
            defmodule Shop.Accounts do
              import Ecto.Query

              alias Shop.Accounts.User
              alias Shop.Repo

              def «list_users», do: Repo.all(from(u in User, where: is_nil(u.deleted_at), order_by: u.name))

              def count_users do
                User
                |> where([user], is_nil(user.deleted_at))
                |> Repo.aggregate(:count)
              end

              def get_user_by_email(email) do
                Repo.one(from(u in User, where: u.email == ^email and is_nil(u.deleted_at)))
              end
            end
            """,
            path="lib/shop/accounts.ex",
            others={"lib/shop/repo.ex": _REPO},
        ),
        Example(
            """\
            defmodule Shop.Search do
              import Ecto.Query

              alias Shop.Accounts.User
              alias Shop.Repo

              def «names»(team_id) do
                User
                |> where(team_id: ^team_id)
                |> where([u], u.status == :active and u.role != :guest)
                |> select([u], u.name)
                |> Repo.all()
              end

              def any?(id) do
                Repo.exists?(from(u in User, where: u.team_id == ^id, where: u.status == :active))
              end

              def close(team) do
                from(u in User, where: u.status == :active, where: u.team_id == ^team.id)
                |> Repo.update_all(set: [status: :closed])
              end
            end
            """,
            path="lib/shop/search.ex",
            others={"lib/shop/repo.ex": _REPO},
        ),
        Example(
            """\
            defmodule Shop.Permissions do
              import Ecto.Query

              alias Shop.{Permission, Repo}

              def «get»(room, user) do
                Repo.one(from(p in Permission, where: p.room_id == ^room and p.user_id == ^user))
              end

              def moderator?(room_id, user_id) do
                query =
                  from(p in Permission,
                    where: p.user_id == ^user_id and p.room_id == ^room_id and p.role == :moderator
                  )

                Repo.exists?(query)
              end

              def revoke(room, user) do
                Permission
                |> where(room_id: ^room.id, user_id: ^user.id)
                |> Repo.delete_all()
              end
            end
            """,
            path="lib/shop/permissions.ex",
            others={"lib/shop/repo.ex": _REPO},
        ),
    )
    correct = (
        Example(
            """\
            defmodule Shop.Accounts do
              import Ecto.Query

              alias Shop.Accounts.User
              alias Shop.Repo

              def active(query \\\\ User), do: where(query, [u], is_nil(u.deleted_at))

              def named(query, name), do: where(query, name: ^name)

              def list_users, do: active() |> order_by(:name) |> Repo.all()

              def count_users, do: active() |> Repo.aggregate(:count)

              def get_user(name), do: active() |> named(name) |> Repo.one()
            end
            """,
            path="lib/shop/accounts.ex",
            others={"lib/shop/repo.ex": _REPO},
            why="each condition is said once, and composed",
        ),
        Example(
            """\
            defmodule Shop.Orders do
              import Ecto.Query

              alias Shop.Orders.Order
              alias Shop.Repo

              def list(user_id), do: Repo.all(from(o in Order, where: o.user_id == ^user_id))

              def count(user_id), do: Repo.aggregate(where(Order, user_id: ^user_id), :count)

              def any?(user_id), do: Repo.exists?(from(o in Order, where: o.user_id == ^user_id))

              def get(id), do: Repo.one(from(o in Order, where: o.id == ^id, preload: :lines))
            end
            """,
            path="lib/shop/orders.ex",
            others={"lib/shop/repo.ex": _REPO},
            why="one plain equality: a function for it would not be shorter",
        ),
        Example(
            """\
            defmodule Shop.Orders do
              import Ecto.Query

              alias Shop.Orders.{Invoice, Order}
              alias Shop.Repo

              def open, do: Repo.all(from(o in Order, where: is_nil(o.closed_at)))

              def open_count, do: Repo.aggregate(from(o in Order, where: is_nil(o.closed_at)), :count)

              def open_invoices, do: Repo.all(from(i in Invoice, where: is_nil(i.closed_at)))
            end
            """,
            path="lib/shop/orders.ex",
            others={"lib/shop/repo.ex": _REPO},
            why="two functions, and another schema",
        ),
        Example(
            """\
            defmodule Shop.OrderQuery do
              import Ecto.Query

              alias Shop.Orders.Order

              def late, do: from(o in Order, where: is_nil(o.closed_at) and o.due < ago(1, "day"))

              def early, do: from(o in Order, where: is_nil(o.closed_at) and o.due > ago(1, "day"))

              def unpaid, do: from(o in Order, where: is_nil(o.closed_at) and is_nil(o.paid_at))
            end
            """,
            path="lib/shop/order_query.ex",
            others={"lib/shop/repo.ex": _REPO},
            why="functions that return a query: these compose already",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path) or file.data.count(b"where") < AT_LEAST:
            return
        for conditions in conditions_by_module(file).values():
            base = repeated_base(conditions)
            if base is not None:
                yield self._finding(file, base)

    def _finding(self, file: ElixirFile, base: RepeatedBase) -> Finding:
        first, *others = base.places
        schema = base.schema.rpartition(".")[2]
        said = " and ".join(f"`{_one_line(file, one)}`" for one in base.shared[:2])
        head = first.definition.head
        name = head.child_by_field_name("target") if head is not None and head.type == "call" else head
        return self.finding(
            name or first.definition.node,
            f"{said} on `{schema}` {'stand' if len(base.shared) > 1 else 'stands'} in the queries of "
            f"{len(base.places)} functions here. A function that takes a query and returns one, named for what this "
            "means, says it once, and all of them compose it.",
            Level.HINT,
            confidence=Confidence.LIKELY,
            related=[
                Related(Span(one.node.start_byte, one.node.end_byte), f"`{_named(one)}` repeats it")
                for one in others
            ],
        )


def _one_line(file: ElixirFile, condition: Condition) -> str:
    text = " ".join(file.text(condition.node).split())
    return text if len(text) <= 60 else text[:57] + "..."


def _named(condition: Condition) -> str:
    return f"{condition.definition.name}/{condition.definition.arity}"
