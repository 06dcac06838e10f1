"""The same conditions written into query after query of a module."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Change, Confidence, Finding, Fix, Level, Related
from otpwise_analyzers.project import places
from otpwise_analyzers.project.repeated_conditions import (
    AT_LEAST,
    Condition,
    RepeatedBase,
    conditions_by_module,
    repeated_base,
)
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Reference, Rule
from otpwise_analyzers.rules.ecto.uncomposed_query_examples import INCORRECT, REPO
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.file import ElixirFile

_FIX = "Compose these queries from functions of a query module"


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
    fix_note = FixNote(
        writes=(
            "Each condition that the queries share becomes a function of the schema's query module (`UserQuery` beside "
            "`User`, or what the project calls it), named for what it says. All queries of the module that repeat them "
            "begin with its `base/0` and call these functions, as a pipeline. Functions that are there already and mean "
            "the same are called instead of written again. A condition whose meaning no rule can name is called "
            "`matching`, under a mark: its name is yours."
        ),
        because=(
            "Scaffold: the clauses keep their order and their values, so that the query is the same, but the names are a "
            "proposal, and whether the conditions belong together is for who knows the domain. A term that LIKE looks for is escaped "
            "on the way."
        ),
        leaves=(
            "Everything where so many of the queries cannot be taken apart (unions, windows, a base that comes from "
            "elsewhere, the schema's own module) that the module would still repeat itself; and in each query whatever "
            "the others do not share."
        ),
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

    incorrect = INCORRECT
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
            others={"lib/shop/repo.ex": REPO},
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
            others={"lib/shop/repo.ex": REPO},
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
            others={"lib/shop/repo.ex": REPO},
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
            others={"lib/shop/repo.ex": REPO},
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
            fixes=[Fix(_FIX, Applicability.SCAFFOLD, partial(_composed, first.node.start_byte, base))],
        )


def _composed(at: int, base: RepeatedBase, ctx: FixContext) -> Change | None:
    # What takes queries apart is a good deal of code, and wanted by whoever takes the fix.
    from otpwise_analyzers.rewrite.shared_filters import with_shared_filters

    return with_shared_filters(at, base, ctx)


def _one_line(file: ElixirFile, condition: Condition) -> str:
    text = " ".join(file.text(condition.node).split())
    return text if len(text) <= 60 else text[:57] + "..."


def _named(condition: Condition) -> str:
    return f"{condition.definition.name}/{condition.definition.arity}"
