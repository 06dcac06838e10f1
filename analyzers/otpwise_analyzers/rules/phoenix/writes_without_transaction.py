"""Several writes of one function that can end half done."""

from __future__ import annotations

from collections.abc import Iterable

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level, Related
from otpwise_analyzers.project import places
from otpwise_analyzers.project.repo_calls import WRITES, repo_calls
from otpwise_analyzers.project.roles import app_prefix, roles_of
from otpwise_analyzers.project.web_repo_calls import answers_requests, repo_calls_by_definition
from otpwise_analyzers.project.write_paths import longest_path
from otpwise_analyzers.project.write_risk import counts, depends, is_accounted_for, is_best_effort, matters
from otpwise_analyzers.rewrite.context import contexts_for
from otpwise_analyzers.rewrite.extract import Extraction
from otpwise_analyzers.rewrite.transaction import in_transaction
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Reference, Rule
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

_REPO = """\
defmodule Shop.Repo do
  use Ecto.Repo, otp_app: :shop, adapter: Ecto.Adapters.Postgres
end
"""
_ORDER = """\
defmodule Shop.Orders.Order do
  use Ecto.Schema

  schema "orders" do
    field(:total, :integer)
  end
end
"""


class WritesWithoutTransaction(Rule):
    name = "phoenix/writes-without-transaction"
    summary = "a function that writes twice without a transaction around both"
    impact = Impact.HIGH
    detects = (
        "Two or more `Repo` writes that one run through a function can make, with no transaction and no `Ecto.Multi` "
        "in it. Writes in branches that exclude each other do not add up. It is a warning when the later write uses "
        "what the earlier one made, or moves a counter."
    )
    why = (
        "Each write commits by itself. When the second one fails, the process is killed, or a deploy stops the node "
        "between the two, the first one stays: an order without its lines, a counter that is off by one for ever. "
        "No test shows it, and the rows that it leaves have to be found by hand."
    )
    fine_when = (
        "The writes have nothing to do with each other, or may be repeated without harm; the caller holds the "
        "transaction; an HTTP call or an upload lies between them, which no transaction should wait for."
    )
    trade_off = (
        "A transaction holds its connection and its row locks until the last step, and a failure undoes all of "
        "them, which is the point. What happens outside of the database must wait for the commit."
    )
    fix_note = FixNote(
        writes=(
            "A `case` or `with` on results becomes an `Ecto.Multi` (`Repo.transact` from Ecto 3.13 on), and a "
            "failure of any step the `{:error, changeset}` that the function already answers; writes that "
            "raise go into `Repo.transaction`. In the web layer, the writes move into a context as they do "
            "for `phoenix/repo-in-web`."
        ),
        because=(
            "Unsafe: all of it is undone when one step fails, and the rows are locked until the last one is "
            "done."
        ),
        leaves=(
            "Results that are answered in more forms than success and `{:error, changeset}`, bulk writes "
            "inside of a `case` or `with`, and comments that would lose their place."
        ),
    )
    references = (
        Reference("Ecto.Multi", "https://hexdocs.pm/ecto/Ecto.Multi.html"),
        Reference("Ecto.Repo: transactions", "https://hexdocs.pm/ecto/Ecto.Repo.html#c:transaction/2"),
    )

    calls = WRITES
    needles = (b"Repo",)

    incorrect = (
        Example(
            """\
                defmodule Shop.Orders do
                  alias Shop.Orders.Order
                  alias Shop.Repo

                  def place_order(attrs) do
                    case Repo.insert(Order.changeset(%Order{}, attrs)) do
                      {:ok, order} ->
                        # The warehouse reads these.
                        «Repo.insert!(%Shop.Orders.Pick{order_id: order.id})»
                        {:ok, order}

                      {:error, changeset} ->
                        {:error, changeset}
                    end
                  end
                end
                """,
            path="lib/shop/orders.ex",
            others={"lib/shop/repo.ex": _REPO, "lib/shop/orders/order.ex": _ORDER},
            fixed="""\
                defmodule Shop.Orders do
                  alias Ecto.Multi
                  alias Shop.Orders.Order
                  alias Shop.Repo

                  def place_order(attrs) do
                    Multi.new()
                    |> Multi.insert(:order, Order.changeset(%Order{}, attrs))
                    |> Multi.insert(:pick, fn %{order: order} ->
                      %Shop.Orders.Pick{order_id: order.id}
                    end)
                    |> Repo.transaction()
                    |> case do
                      {:ok, %{order: order}} ->
                        # The warehouse reads these.
                        {:ok, order}

                      {:error, _step, changeset, _changes} ->
                        {:error, changeset}
                    end
                  end
                end
                """,
        ),
        Example(
            """\
                defmodule Shop.Orders do
                  import Ecto.Query

                  alias Shop.Orders.{Line, Order}
                  alias Shop.Repo

                  def add_line(order, product) do
                    line = Repo.insert!(%Line{order_id: order.id, product_id: product.id})
                    «Repo.update_all(where(Order, id: ^order.id), inc: [lines: 1])»
                    {:ok, line}
                  end
                end
                """,
            path="lib/shop/orders.ex",
            others={"lib/shop/repo.ex": _REPO, "lib/shop/orders/order.ex": _ORDER},
            fixed="""\
                defmodule Shop.Orders do
                  import Ecto.Query

                  alias Shop.Orders.{Line, Order}
                  alias Shop.Repo

                  def add_line(order, product) do
                    Repo.transaction(fn ->
                      line = Repo.insert!(%Line{order_id: order.id, product_id: product.id})
                      Repo.update_all(where(Order, id: ^order.id), inc: [lines: 1])
                      line
                    end)
                  end
                end
                """,
        ),
        Example(
            """\
                defmodule Shop.Orders do
                  alias Shop.Orders.{Address, Order}
                  alias Shop.Repo

                  def place_order(order_attrs, address_attrs) do
                    with {:ok, order} <- Repo.insert(Order.changeset(%Order{}, order_attrs)),
                         {:ok, _address} <-
                           «Repo.insert(Address.changeset(%Address{order_id: order.id}, address_attrs))» do
                      {:ok, order}
                    end
                  end
                end
                """,
            path="lib/shop/orders.ex",
            others={"lib/shop/repo.ex": _REPO, "lib/shop/orders/order.ex": _ORDER},
            fixed="""\
                defmodule Shop.Orders do
                  alias Ecto.Multi
                  alias Shop.Orders.{Address, Order}
                  alias Shop.Repo

                  def place_order(order_attrs, address_attrs) do
                    Multi.new()
                    |> Multi.insert(:order, Order.changeset(%Order{}, order_attrs))
                    |> Multi.insert(:address, fn %{order: order} ->
                      Address.changeset(%Address{order_id: order.id}, address_attrs)
                    end)
                    |> Repo.transaction()
                    |> case do
                      {:ok, %{order: order}} ->
                        {:ok, order}

                      {:error, _step, changeset, _changes} ->
                        {:error, changeset}
                    end
                  end
                end
                """,
        ),
        Example(
            """\
                defmodule Shop.Orders do
                  alias Shop.Orders.{Address, Order}
                  alias Shop.Repo

                  def move(order, address) do
                    with {:ok, order} <- Repo.update(Order.changeset(order, %{moved: true})),
                         {:ok, _address} <- «Repo.update(Address.changeset(address, %{current: true}))» do
                      {:ok, order}
                    end
                  end
                end
                """,
            path="lib/shop/orders.ex",
            others={
                "lib/shop/repo.ex": _REPO,
                "lib/shop/orders/order.ex": _ORDER,
                "mix.exs": """\
                defmodule Shop.MixProject do
                  use Mix.Project

                  def project, do: [app: :shop, version: "1.0.0", deps: deps()]
                  defp deps, do: [{:ecto, "~> 3.13"}]
                end
                """,
            },
            fixed="""\
                defmodule Shop.Orders do
                  alias Shop.Orders.{Address, Order}
                  alias Shop.Repo

                  def move(order, address) do
                    Repo.transact(fn ->
                      with {:ok, order} <- Repo.update(Order.changeset(order, %{moved: true})),
                           {:ok, _address} <- Repo.update(Address.changeset(address, %{current: true})) do
                        {:ok, order}
                      end
                    end)
                  end
                end
                """,
        ),
    )
    correct = (
        Example(
            """\
                defmodule Shop.Orders do
                  alias Shop.Orders.Order
                  alias Shop.Repo

                  def save(order, attrs) do
                    if order,
                      do: Repo.update(Order.changeset(order, attrs)),
                      else: Repo.insert(Order.changeset(%Order{}, attrs))
                  end
                end
                """,
            path="lib/shop/orders.ex",
            others={"lib/shop/repo.ex": _REPO},
            why="only one of the two branches runs",
        ),
        Example(
            """\
                defmodule Shop.Orders do
                  alias Shop.Orders.{Line, Order}
                  alias Shop.Repo

                  def place(order, line), do: Repo.transaction(fn -> write(order, line) end)

                  defp write(order, line) do
                    order = Repo.insert!(Order.changeset(order, %{}))
                    Repo.insert!(Line.changeset(line, %{order_id: order.id}))
                  end
                end
                """,
            path="lib/shop/orders.ex",
            others={"lib/shop/repo.ex": _REPO},
            why="the caller holds the transaction",
        ),
        Example(
            """\
                defmodule Shop.Orders do
                  alias Shop.Orders.Order
                  alias Shop.Repo

                  def pay(order) do
                    order = Repo.update!(Order.changeset(order, %{state: :paying}))
                    {:ok, charge} = Shop.PaymentClient.charge(order.total)
                    Repo.update!(Order.changeset(order, %{state: :paid, charge: charge.id}))
                  end
                end
                """,
            path="lib/shop/orders.ex",
            others={"lib/shop/repo.ex": _REPO},
            why="no transaction should be held open while another service is waited for",
        ),
        Example(
            """\
                defmodule Shop.Orders do
                  import Ecto.Query

                  alias Shop.Orders.{Basket, Visit}
                  alias Shop.Repo

                  def forget(user) do
                    Repo.delete_all(where(Visit, user_id: ^user.id))
                    Repo.delete_all(where(Basket, user_id: ^user.id))
                  end
                end
                """,
            path="lib/shop/orders.ex",
            others={"lib/shop/repo.ex": _REPO},
            why="bulk deletions may be repeated without harm",
        ),
        Example(
            """\
                defmodule Shop.Orders do
                  alias Shop.Orders.Order
                  alias Shop.Repo

                  def create(attrs) do
                    case Repo.insert(Order.changeset(%Order{}, attrs)) do
                      {:ok, order} -> {:ok, order}
                      {:error, changeset} -> Repo.insert(Order.rejected(changeset))
                    end
                  end
                end
                """,
            path="lib/shop/orders.ex",
            others={"lib/shop/repo.ex": _REPO},
            why="the second write is made instead of the first, which failed",
        ),
        Example(
            """\
                defmodule Shop.Orders do
                  alias Shop.Orders.{Carrier, Order}
                  alias Shop.Repo

                  def prepare(order) do
                    case Repo.get(Order, order.id) do
                      nil -> Repo.insert!(order)
                      order -> order
                    end

                    case Repo.get_by(Carrier, order_id: order.id) do
                      nil -> Repo.insert!(%Carrier{name: "post"})
                      carrier -> carrier
                    end
                  end

                  def discard(order, carrier) do
                    with {:error, reason} <- Repo.delete(order), do: Logger.error(inspect(reason))
                    with {:error, reason} <- Repo.delete(carrier), do: Logger.error(inspect(reason))
                  end
                end
                """,
            path="lib/shop/orders.ex",
            others={"lib/shop/repo.ex": _REPO},
            why="rows that are made on a condition each, and removals of which each may fail, depend on nothing",
        ),
        Example(
            """\
                defmodule Shop.Orders do
                  import Ecto.Query

                  alias Shop.Orders.Order
                  alias Shop.Repo

                  # The number is for display; not transactional, it may drift.
                  def view(order) do
                    Repo.update_all(where(Order, id: ^order.id), inc: [views: 1])
                    Repo.insert!(%Shop.Orders.View{order_id: order.id})
                  end
                end
                """,
            path="lib/shop/orders.ex",
            others={"lib/shop/repo.ex": _REPO},
            why="the comment says that it was decided",
        ),
        Example(
            """\
                defmodule Shop.Orders do
                  alias Shop.Orders.Order
                  alias Shop.Repo

                  def attach(attrs) do
                    order = Repo.insert!(Order.changeset(%Order{}, attrs))
                    Repo.update!(Order.file_changeset(order, attrs))
                  end
                end
                """,
            path="lib/shop/orders.ex",
            others={"lib/shop/repo.ex": _REPO},
            why="an upload needs the row's id, and a transaction should not wait for it",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path):
            return
        by_definition: dict[int, tuple[Definition, list[Call]]] = {}
        for call in repo_calls(file, WRITES):
            definition = call.definition
            if definition is not None and call.capture_arity is None:
                by_definition.setdefault(definition.node.start_byte, (definition, []))[1].append(call)
        for definition, writes in by_definition.values():
            module = definition.module
            if len(writes) < 2 or module is None or is_accounted_for(module, definition):
                continue
            path = longest_path(file, definition.statements, writes)
            path = [call for call in path if call.module == path[0].module and not is_best_effort(file, call)]
            if len(path) < 2 or not matters(file, definition, path):
                continue
            yield self._finding(file, module, definition, path)

    def _finding(self, file: ElixirFile, module: Module, definition: Definition, path: list[Call]) -> Finding:
        first, second = path[0], path[1]
        dependent = next((call for call in path[1:] if depends(file, definition, path[0], call)), None)
        counter = next((call for call in path if counts(file, call)), None)
        where = dependent or counter or second
        if where is first:
            where = second
        who = f"`{module.name}.{definition.name}/{definition.arity}`"
        if dependent is not None:
            what = f"`{where.name}` builds on what `{first.name}` has already committed: if it fails, half of it stays"
        elif counter is not None:
            what = (
                "a counter and its rows are written apart: a failure between the two leaves it wrong for ever"
            )
        else:
            what = f"if `{where.name}` fails, what `{first.name}` wrote stays"
        related = [
            Related(Span(call.node.start_byte, call.node.end_byte), f"`{call.name}` commits by itself")
            for call in path
            if call is not where
        ]
        return self.finding(
            where.node,
            f"{who} writes {len(path)} times without a transaction, and {what}.",
            Level.WARNING if dependent is not None or counter is not None else Level.INFORMATION,
            related=related,
            fixes=_fixes(file, module, definition),
        )


def _fixes(file: ElixirFile, module: Module, definition: Definition) -> tuple[Fix, ...]:
    at = definition.node.start_byte
    if app_prefix(module.name) is None and not answers_requests(module, roles_of(module)):
        return (Fix("Write in one transaction", Applicability.UNSAFE, in_transaction(at)),)
    calls = next((calls for one, calls in repo_calls_by_definition(file) if one is definition), [])
    return tuple(
        Fix(f"Extract into {context}", Applicability.UNSAFE, Extraction(at, context))
        for context in contexts_for(file, definition, calls)
    )
