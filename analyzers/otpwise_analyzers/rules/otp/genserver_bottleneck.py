"""otp/genserver-bottleneck"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Confidence, Finding, Fix, Level, Related
from otpwise_analyzers.project import places
from otpwise_analyzers.project.keyed_reads import KeyedRead, keyed_reads
from otpwise_analyzers.project.processes import has_one_name
from otpwise_analyzers.project.roles import is_web_name
from otpwise_analyzers.project.stores import Store, store_of
from otpwise_analyzers.rewrite.ets_store import served_from_ets, writes_by_cast
from otpwise_analyzers.rules.base import FixNote, Impact, Reference, Rule
from otpwise_analyzers.rules.otp.genserver_bottleneck_examples import CORRECT, INCORRECT
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

# A server that works with these is no map that could as well lie in a table.
_MORE_THAN_A_MAP = (b":ets.", b":dets.", b":persistent_term", b"receive do", b"Port.", b":mnesia")


class GenserverBottleneck(Rule):
    name = "otp/genserver-bottleneck"
    summary = "one process that all callers queue at to look something up"
    impact = Impact.HIGH
    detects = (
        "Once a module: a GenServer with one name whose `handle_call/3` answers `{:get, key}` and its like with "
        "nothing but an entry of its unchanged state, when a module of the web layer, or two other modules, ask for it."
    )
    why = (
        "A process handles one message after the other, so more cores serve no more of these: on two cores, 50 "
        "processes had some 300,000 reads a second from a GenServer, and 900,000 from an ETS table with "
        "`read_concurrency` (measured on OTP 25), which grow with the cores. And whatever else keeps the server busy, "
        "if only for once, stops all of its readers: after five seconds each of them exits."
    )
    fine_when = (
        "It is asked a few times a minute, or the answer has to come after every write that was sent before."
    )
    trade_off = (
        "The table is copied from and not shared: a large value costs its copy at every read. A read no longer waits "
        "behind casts that the same process has sent, and a table has one name, so tests cannot start a second server "
        "beside the first. For data that hardly ever changes `:persistent_term` copies nothing."
    )
    fix_note = FixNote(
        writes=(
            "The server makes a protected table with `read_concurrency` in `init/1` and stays the only one "
            "that writes; the functions that asked look the key up in their callers' own processes, and the "
            "clause that answered them goes."
        ),
        because=(
            "Unsafe: readers no longer wait for writes that are under way, and find no table while the server "
            "is down. Where writes are casts it is a scaffold: those functions are marked, for whoever writes "
            "may then read the old value."
        ),
        leaves=(
            "Offered where every place that reads or writes the map is of a known form, and the server can "
            "run only once. Calls that other modules send past the functions of this one are not looked for."
        ),
    )
    references = (
        Reference("ets: read_concurrency", "https://www.erlang.org/doc/apps/stdlib/ets.html#new_2"),
        Reference("ETS", "https://hexdocs.pm/elixir/erlang-term-storage.html"),
        Reference(
            "GenServer: when (not) to use one",
            "https://hexdocs.pm/elixir/GenServer.html#module-when-not-to-use-a-genserver",
        ),
    )
    uses = frozenset({"GenServer"})
    definitions = frozenset()
    needles = (b"handle_call",)
    incorrect = INCORRECT
    correct = CORRECT

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path):
            return
        for module in file.modules:
            if not module.defines("handle_call", 3) or not module.uses_module("GenServer"):
                continue
            text = file.data[module.node.start_byte : module.node.end_byte]
            if any(word in text for word in _MORE_THAN_A_MAP) or not has_one_name(module):
                continue
            for read in keyed_reads(module):
                asked = _asked(module, read)
                if asked is not None:
                    client, callers = asked
                    yield self._finding(module, read, client, callers)
                    break

    def _finding(
        self, module: Module, read: KeyedRead, client: Definition, callers: tuple[str, ...]
    ) -> Finding:
        store = store_of(module)
        return self.finding(
            read.clause.head or read.clause.node,
            _message(module, client, callers),
            Level.HINT,
            confidence=Confidence.HINT,
            related=_related(module, client, callers),
            fixes=[_fix(store, read.place)] if store is not None else [],
        )


def _fix(store: Store, place: str) -> Fix:
    return Fix(
        "Serve reads from ETS",
        Applicability.SCAFFOLD if writes_by_cast(store, place) else Applicability.UNSAFE,
        partial(served_from_ets, store=store, place=place),
    )


def _asked(module: Module, read: KeyedRead) -> tuple[Definition, tuple[str, ...]] | None:
    """The function that is called from where it hurts, and the modules that call it."""
    project = module.file.project
    for client in read.clients:
        callers = tuple(name for name in project.askers_of(module.name, client.name) if name != module.name)
        if len(callers) >= 2 or any(is_web_name(name) for name in callers):
            return client, callers
    return None


def _message(module: Module, client: Definition, callers: tuple[str, ...]) -> str:
    shown = " and ".join(f"`{name}`" for name in callers[:2])
    more = f" and {len(callers) - 2} more" if len(callers) > 2 else ""
    return (
        f"Every `{client.name}/{client.arity}` is a message that waits behind all others for `{module.name}`, only to "
        f"look up a key: {shown}{more} queue at one process. An ETS table is read by each for itself."
    )


def _related(module: Module, client: Definition, callers: tuple[str, ...]) -> Iterable[Related]:
    head = client.head or client.node
    yield Related(Span(head.start_byte, head.end_byte), "The function that asks.")
    project = module.file.project
    for name in callers[:3]:
        located, span = project.module(name), project.span(name)
        if located is not None and span is not None:
            yield Related(Span(*span), f"`{name}` calls it.", located.path)
