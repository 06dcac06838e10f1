"""otp/missing-init"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Change, Finding, Fix, Level
from otpwise_analyzers.project import places
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.rewrite.init_callback import init_before_callbacks, written_init
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Reference, Rule
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Module


class MissingInit(Rule):
    name = "otp/missing-init"
    summary = "A GenServer has no init/1"
    impact = Impact.HIGH
    detects = "`use GenServer` in a module that defines no `init/1`"
    why = (
        "`init/1` is the only callback that `use GenServer` cannot do without: the compiler warns and injects "
        "one that keeps whatever `start_link` passed, a build with `--warnings-as-errors` fails. Nobody who "
        "reads the module sees what its state is, and options that should become a state never do."
    )
    fine_when = "Another `use`, or a macro of the module, defines `init/1`"
    trade_off = "Two lines that say what the state is"
    fix_note = FixNote(
        writes=(
            "`init/1` that keeps the state which `start_link` passes, with `@impl true` unless the module's "
            "other callbacks go without."
        ),
        because="Safe: it is exactly what the compiler injects, with a warning.",
        leaves="A module whose `init/1` may come from a `use` or a `defdelegate`, which is not reported.",
    )
    references = (Reference("GenServer.init/1", "https://hexdocs.pm/elixir/GenServer.html#c:init/1"),)
    uses = frozenset({"GenServer"})
    needles = (b"GenServer",)

    incorrect = (
        Example(
            path="lib/my_app/cache.ex",
            code="""\
                defmodule MyApp.Cache do
                  «use GenServer»

                  def start_link(_opts), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)
                end
                """,
            fixed="""\
                defmodule MyApp.Cache do
                  use GenServer

                  def start_link(_opts), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

                  @impl true
                  def init(state), do: {:ok, state}
                end
                """,
        ),
        Example(
            path="lib/my_app/counter.ex",
            code="""\
                defmodule MyApp.Counter do
                  «use GenServer, restart: :transient»

                  def start_link(limits) do
                    GenServer.start_link(__MODULE__, limits)
                  end

                  def handle_call(:limits, _from, limits) do
                    {:reply, limits, limits}
                  end
                end
                """,
            fixed="""\
                defmodule MyApp.Counter do
                  use GenServer, restart: :transient

                  def start_link(limits) do
                    GenServer.start_link(__MODULE__, limits)
                  end

                  def init(limits) do
                    {:ok, limits}
                  end

                  def handle_call(:limits, _from, limits) do
                    {:reply, limits, limits}
                  end
                end
                """,
        ),
        Example(
            path="lib/my_app/worker.ex",
            code="""\
                defmodule MyApp.Worker do
                  «use GenServer»

                  # The queue tells us.
                  @impl true
                  def handle_info(:tick, state) do
                    {:noreply, state}
                  end
                end
                """,
            fixed="""\
                defmodule MyApp.Worker do
                  use GenServer

                  @impl true
                  def init(state), do: {:ok, state}

                  # The queue tells us.
                  @impl true
                  def handle_info(:tick, state) do
                    {:noreply, state}
                  end
                end
                """,
        ),
    )
    correct = (
        Example(
            code="""\
                defmodule MyApp.Clock do
                  use GenServer

                  def start_link(opts), do: GenServer.start_link(__MODULE__, opts)

                  @impl true
                  def init(opts) when is_list(opts), do: {:ok, Map.new(opts)}
                end
                """,
            why="It has one, with a guard.",
        ),
        Example(
            code="""\
                defmodule MyApp.Meter do
                  use GenServer
                  use MyApp.PeriodicServer, every: 5_000

                  def start_link(opts), do: GenServer.start_link(__MODULE__, opts)
                end
                """,
            why="The other `use` may define it.",
        ),
        Example(
            code="""\
                defmodule MyApp.PeriodicServer do
                  defmacro __using__(_opts) do
                    quote do
                      use GenServer
                      def start_link(opts), do: GenServer.start_link(__MODULE__, opts)
                    end
                  end
                end
                """,
            why="Code inside of `quote` belongs to another module.",
        ),
        Example(
            code="""\
                defmodule MyApp.Proxy do
                  use GenServer

                  defdelegate init(state), to: MyApp.Backend
                end
                """,
            why="`defdelegate` defines it.",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if places.is_test(file.path) or places.is_test_support(file.path):
            return
        for module in file.modules:
            own = [use for use in module.uses if use.module == "GenServer"]
            if not own or module.defines("init", 1) or _init_may_come_from_elsewhere(module):
                continue
            yield self.finding(
                own[0].node,
                f"`{module.name}` is a GenServer without `init/1`: the compiler warns, and what its state is "
                "stands nowhere.",
                Level.WARNING,
                fixes=[
                    Fix(
                        "Write init/1 that keeps the state it is given",
                        Applicability.SAFE,
                        partial(_write_init, module=module),
                    )
                ],
            )


def _init_may_come_from_elsewhere(module: Module) -> bool:
    file = module.file
    if any(use.module != "GenServer" for use in module.uses):
        return True
    return any(
        call.enclosing_module is module and call.definition is None
        for call in file.calls("defdelegate", "unquote", "before_compile")
    ) or any(not definition.name for definition in module.definitions)


def _write_init(context: FixContext, module: Module) -> Change | None:
    file = module.file
    for call in file.calls("start_link", "start"):
        start = call.definition
        if call.module != "GenServer" or call.enclosing_module is not module or start is None:
            continue
        if start.name not in ("start_link", "start") or call.piped is not None or len(call.args) < 2:
            continue
        name = _parameter(call)
        return (layout.change_of(file, [written_init(module, name, name, start)]),)
    if not module.statements:
        return None
    return (layout.change_of(file, [init_before_callbacks(module, "state")]),)


def _parameter(call: Call) -> str:
    """The name of what is handed over, `state` for a constant."""
    given = nodes.identifier(call.args[1], call.file.data)
    return given if given is not None and not given.startswith("_") else "state"
