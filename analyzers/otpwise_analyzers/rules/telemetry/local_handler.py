"""telemetry/local-handler"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from tree_sitter import Node

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level
from otpwise_analyzers.project import places
from otpwise_analyzers.rewrite.public_handler import by_module, local_target
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Reference, Rule
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile

_MODULES = (":telemetry",)


class LocalHandler(Rule):
    name = "telemetry/local-handler"
    summary = "a telemetry handler that is a local or an anonymous function"
    impact = Impact.MEDIUM
    detects = (
        "`:telemetry.attach` and `attach_many` with `&handle_event/4` of the module itself, or with an anonymous "
        "function, in code that ships"
    )
    why = (
        "Handlers run in the process that emits the event: in every request, in every query. A local function is "
        "a closure over the module's code as it was when it was attached: calling it is slower than a call by "
        "name, and after a code reload it still runs the old code. `:telemetry` itself logs a note about each one "
        "at the start."
    )
    fine_when = "A script, a test, or a debugging aid that is attached for a minute."
    trade_off = "The handler becomes public. `@doc false` keeps it out of the documentation."
    fix_note = FixNote(
        writes="`&__MODULE__.handle_event/4`, and the function made public under `@doc false`.",
        because="Safe: the same function is called, without the warning at each attach.",
        leaves=(
            "An anonymous function: what it closes over has to become the handler's config, its fourth "
            "argument."
        ),
    )
    references = (
        Reference("telemetry:attach/4", "https://hexdocs.pm/telemetry/telemetry.html#attach/4"),
        Reference("Telemetry in Phoenix", "https://hexdocs.pm/phoenix/telemetry.html"),
    )
    calls = frozenset({"attach", "attach_many"})
    needles = (b":telemetry",)

    incorrect = (
        Example(
            path="lib/my_app/query_log.ex",
            code="""\
                defmodule MyApp.QueryLog do
                  require Logger

                  def attach do
                    :telemetry.attach("query-log", [:my_app, :repo, :query], «&log/4», nil)
                  end

                  # Slow queries only.
                  defp log(_event, %{total_time: time}, metadata, _config) when time > 100_000_000 do
                    Logger.warning("slow query: #{metadata.query}")
                  end

                  defp log(_event, _measurements, _metadata, _config), do: :ok
                end
                """,
            fixed="""\
                defmodule MyApp.QueryLog do
                  require Logger

                  def attach do
                    :telemetry.attach("query-log", [:my_app, :repo, :query], &__MODULE__.log/4, nil)
                  end

                  # Slow queries only.
                  @doc false
                  def log(_event, %{total_time: time}, metadata, _config) when time > 100_000_000 do
                    Logger.warning("slow query: #{metadata.query}")
                  end

                  def log(_event, _measurements, _metadata, _config), do: :ok
                end
                """,
        ),
        Example(
            path="lib/my_app/jobs/monitor.ex",
            code="""\
                defmodule MyApp.Jobs.Monitor do
                  @events [[:oban, :job, :stop], [:oban, :job, :exception]]

                  def start do
                    :telemetry.attach_many(
                      "jobs",
                      @events,
                      «&handle_event/4»,
                      %{}
                    )
                  end

                  @doc "Counts what ended."
                  def handle_event(_event, _measurements, _metadata, _config), do: :ok
                end
                """,
            fixed="""\
                defmodule MyApp.Jobs.Monitor do
                  @events [[:oban, :job, :stop], [:oban, :job, :exception]]

                  def start do
                    :telemetry.attach_many(
                      "jobs",
                      @events,
                      &__MODULE__.handle_event/4,
                      %{}
                    )
                  end

                  @doc "Counts what ended."
                  def handle_event(_event, _measurements, _metadata, _config), do: :ok
                end
                """,
        ),
        Example(
            path="lib/my_app/metrics.ex",
            code="""\
                defmodule MyApp.Metrics do
                  def attach(counter) do
                    :telemetry.attach(
                      "requests",
                      [:phoenix, :endpoint, :stop],
                      «fn _event, _measurements, _metadata, _config -> :counters.add(counter, 1, 1) end»,
                      nil
                    )
                  end
                end
                """,
        ),
    )
    correct = (
        Example(
            path="lib/my_app/query_log.ex",
            code="""\
                defmodule MyApp.QueryLog do
                  def attach do
                    :telemetry.attach("query-log", [:my_app, :repo, :query], &__MODULE__.log/4, nil)
                    :telemetry.attach("errors", [:oban, :error], &MyApp.Errors.handle_event/4, nil)
                  end

                  @doc false
                  def log(_event, _measurements, _metadata, _config), do: :ok
                end
                """,
            why="Named by their modules.",
        ),
        Example(
            path="test/my_app/query_log_test.exs",
            code="""\
                defmodule MyApp.QueryLogTest do
                  use ExUnit.Case

                  test "counts" do
                    test = self()
                    :telemetry.attach("t", [:a], fn _, _, _, _ -> send(test, :seen) end, nil)
                  end
                end
                """,
            why="A test's handler closes over the test process.",
        ),
        Example(
            path="lib/my_app/docs.ex",
            code="""\
                defmodule MyApp.Docs do
                  def attach(file), do: MyApp.Mail.attach(file, "a.txt", &clean/4, nil)

                  defp clean(_a, _b, _c, _d), do: :ok
                end
                """,
            why="Another function called `attach`.",
        ),
        Example(
            path="lib/my_app/handlers.ex",
            code="""\
                defmodule MyApp.Handlers do
                  def attach(handler) do
                    :telemetry.attach("given", [:my_app, :done], handler, nil)
                  end
                end
                """,
            why="What a variable holds is not known.",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path):
            return
        for call in file.calls("attach", "attach_many"):
            if call.module not in _MODULES or call.quoted or len(call.all_args) != 4:
                continue
            handler, module = call.all_args[2], call.enclosing_module
            if module is None:
                continue
            target = local_target(handler, file.data)
            if target is not None:
                name, arity = target
                if not any(clause.arity == arity for clause in module.clauses(name)):
                    continue
                fix = Fix(
                    f"Name the handler by its module: &__MODULE__.{name}/{arity}",
                    Applicability.SAFE,
                    partial(by_module, module=module, capture=handler),
                )
                yield self.finding(
                    handler, _message(call, f"`{name}/{arity}` is"), Level.INFORMATION, fixes=[fix]
                )
            elif _is_function(handler):
                yield self.finding(handler, _message(call, "an anonymous function is"), Level.HINT)


def _is_function(handler: Node) -> bool:
    return handler.type == "anonymous_function"


def _message(call: Call, what: str) -> str:
    where = f"`:telemetry.{call.name}`"
    return (
        f"{what[0].upper()}{what[1:]} handed to {where} as a local function: `:telemetry` logs a note about it at the "
        "start, calls it more slowly, and keeps its old code after a reload."
    )
