"""otp/ignored-start-options"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from tree_sitter import Node

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level, Related
from otpwise_analyzers.project import places
from otpwise_analyzers.rewrite.start_options import is_store, takes_options
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Reference, Rule
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

_SERVERS = ("GenServer", ":gen_server", "GenStage", "GenStateMachine")
_CONSTANTS = frozenset({"map", "list", "atom", "nil", "integer", "string", "tuple", "boolean"})


class IgnoredStartOptions(Rule):
    name = "otp/ignored-start-options"
    summary = "start_link takes options and starts the server with a constant"
    impact = Impact.HIGH
    detects = (
        "`start_link(_)` of a server that hands `GenServer.start_link` a constant, so that the options of its "
        "child spec are thrown away"
    )
    why = (
        "`{MyApp.Cache, ttl: 60_000}` in a children list reads as if it set the time to live, and sets nothing: "
        "no warning, no error, the default for ever. Tests cannot start the server with other values, and two "
        "of them cannot run side by side."
    )
    fine_when = "The server has nothing to set: `start_link([])` says so, and a child spec without options asks for none"
    trade_off = "Options become part of the module's contract: a misspelt key has to be caught by hand."
    fix_note = FixNote(
        writes=(
            "The options are handed on and kept in the state, beside what was there; `init/1` is written when "
            "there is none."
        ),
        because=(
            "Safe where the state is a map or a struct that the callbacks read by key, and all known callers "
            "pass keywords: more keys are in it, and nobody reads them yet. Unsafe where the state is a store "
            "whose keys come from callers, or nobody in the project starts it."
        ),
        leaves=(
            "A state that is gone through as a whole, a caller that passes something else, a variable `opts` "
            "that means something else."
        ),
    )
    references = (
        Reference("GenServer.init/1", "https://hexdocs.pm/elixir/GenServer.html#c:init/1"),
        Reference(
            "Child specification", "https://hexdocs.pm/elixir/Supervisor.html#module-child-specification"
        ),
    )
    definitions = frozenset({"start_link"})
    needles = (b"GenServer", b"GenStage", b"GenStateMachine", b"gen_server")

    incorrect = (
        Example(
            path="lib/my_app/cache.ex",
            code="""\
                defmodule MyApp.Cache do
                  use GenServer

                  def start_link(«_»), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)
                end
                """,
            fixed="""\
                defmodule MyApp.Cache do
                  use GenServer

                  def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

                  @impl true
                  def init(opts), do: {:ok, Map.new(opts)}
                end
                """,
        ),
        Example(
            path="lib/my_app/poller.ex",
            code="""\
                defmodule MyApp.Poller do
                  use GenServer

                  def start_link(«_opts») do
                    GenServer.start_link(__MODULE__, :ok, name: __MODULE__)
                  end

                  @impl true
                  def init(:ok) do
                    send(self(), :poll)
                    {:ok, %{seen: []}}
                  end

                  @impl true
                  def handle_info(:poll, state) do
                    {:noreply, %{state | seen: [:now | state.seen]}}
                  end
                end
                """,
            others={
                "lib/my_app/application.ex": """\
                    defmodule MyApp.Application do
                      use Application

                      def start(_type, _args) do
                        children = [{MyApp.Poller, every: 5_000}]
                        Supervisor.start_link(children, strategy: :one_for_one)
                      end
                    end
                    """,
            },
            fixed="""\
                defmodule MyApp.Poller do
                  use GenServer

                  def start_link(opts) do
                    GenServer.start_link(__MODULE__, opts, name: __MODULE__)
                  end

                  @impl true
                  def init(opts) do
                    send(self(), :poll)
                    {:ok, Enum.into(opts, %{seen: []})}
                  end

                  @impl true
                  def handle_info(:poll, state) do
                    {:noreply, %{state | seen: [:now | state.seen]}}
                  end
                end
                """,
        ),
        Example(
            path="lib/my_app/tally.ex",
            code="""\
                defmodule MyApp.Tally do
                  use GenServer

                  def start_link(«_opts \\\\ []»), do: GenServer.start_link(__MODULE__, %{})

                  @impl true
                  def init(state), do: {:ok, state}

                  @impl true
                  def handle_call(:sum, _from, state) do
                    {:reply, state |> Map.values() |> Enum.sum(), state}
                  end
                end
                """,
        ),
    )
    correct = (
        Example(
            code="""\
                defmodule MyApp.Sessions do
                  use GenServer

                  def start_link([]), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

                  @impl true
                  def init(state), do: {:ok, state}
                end
                """,
            why="`[]` says that there are no options.",
        ),
        Example(
            path="lib/my_app/ticker.ex",
            code="""\
                defmodule MyApp.Ticker do
                  use GenServer

                  def start_link(_opts), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

                  @impl true
                  def init(state), do: {:ok, state}
                end
                """,
            others={
                "lib/my_app/application.ex": """\
                    defmodule MyApp.Application do
                      use Application

                      def start(_type, _args) do
                        Supervisor.start_link([MyApp.Ticker], strategy: :one_for_one)
                      end
                    end
                    """,
            },
            why="Its supervisor passes no options.",
        ),
        Example(
            code="""\
                defmodule MyApp.Janitor do
                  use GenServer

                  def start_link(_opts), do: GenServer.start_link(__MODULE__, :ok, name: __MODULE__)

                  @impl true
                  def init(:ok), do: {:ok, %{}}
                end
                """,
            why="`:ok` is no state, and nobody passes options.",
        ),
        Example(
            code="""\
                defmodule MyApp.Limits do
                  use GenServer

                  def start_link(opts) do
                    GenServer.start_link(__MODULE__, %{}, name: Keyword.get(opts, :name, __MODULE__))
                  end

                  @impl true
                  def init(state), do: {:ok, state}
                end
                """,
            why="The options are read, if not for the state.",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path):
            return
        for call in file.calls("start_link"):
            start, module = call.definition, call.enclosing_module
            if start is None or module is None or call.quoted or call.module not in _SERVERS:
                continue
            if start.name != "start_link" or start.arity != 1 or len(module.clauses("start_link")) != 1:
                continue
            parameter = start.params[0]
            if len(call.args) < 2 or call.piped is not None or not _is_thrown_away(start, parameter):
                continue
            if not _starts_itself(call, module) or not _is_constant(file, call.args[1]):
                continue
            given, asked = _children(file, module)
            if not given and (asked or not _looks_like_state(file, call.args[1])):
                continue
            yield self.finding(
                parameter,
                _message(module, call, given),
                Level.INFORMATION if given else Level.HINT,
                related=given,
                fixes=[
                    Fix(
                        "Hand the options on to init/1",
                        Applicability.SAFE
                        if not is_store(module) and (given or _is_started_here(file, module))
                        else Applicability.UNSAFE,
                        partial(takes_options, start=start, call=call),
                    )
                ],
            )


def _is_thrown_away(start: Definition, parameter: Node) -> bool:
    """Whether the parameter is there, and nothing of the function's body reads it."""
    if nodes.is_operator(parameter, "\\\\"):
        parameter = parameter.child_by_field_name("left") or parameter
    if parameter.type != "identifier":
        return False
    name = start.file.text(parameter)
    return sum(start.file.text(i) == name for i in nodes.descendants(start.node, "identifier")) == 1


def _starts_itself(call: Call, module: Module) -> bool:
    return call.file.module_name(call.args[0]) == module.name


def _is_constant(file: ElixirFile, node: Node) -> bool:
    return node.type in _CONSTANTS and not any(
        inner.type != "identifier" or file.text(inner) != "__MODULE__"
        for inner in nodes.descendants(node, "identifier", "call", "interpolation")
    )


def _looks_like_state(file: ElixirFile, constant: Node) -> bool:
    """`%{}` or a struct: a state that was meant to hold something; `:ok` and `[]` mean nothing."""
    return constant.type == "map"


def _children(file: ElixirFile, module: Module) -> tuple[list[Related], bool]:
    """The supervisors that pass options to the module, and whether any lists it at all."""
    project = file.project
    supervisors = [name for name in project.supervisors_of(module.name) if name != module.name]
    given: list[Related] = []
    for name in supervisors:
        located = project.module(name)
        if located is None:
            continue
        if any(child.module == module.name and child.has_options for child in located.facts.children):
            span = project.span(name)
            if span is not None:
                given.append(Related(Span(*span), f"`{name}` passes options.", located.path))
    return given, bool(supervisors)


def _is_started_here(file: ElixirFile, module: Module) -> bool:
    """Whether a caller in the same file shows what is passed."""
    return any(call.module == module.name and call.receiver is not None for call in file.calls("start_link"))


def _message(module: Module, call: Call, given: list[Related]) -> str:
    constant = call.file.text(call.args[1])
    constant = constant if len(constant) <= 30 else "a constant"
    who = "The options that its child spec passes" if given else "The options that a child spec passes"
    return f"{who} never reach `{module.name}`: `start_link/1` starts it with `{constant}`."
