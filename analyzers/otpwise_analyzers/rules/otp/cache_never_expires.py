"""otp/cache-never-expires"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial

from tree_sitter import Node

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level
from otpwise_analyzers.project import places
from otpwise_analyzers.project.processes import has_one_name
from otpwise_analyzers.project.state_changes import WHOLE, Kind, Step
from otpwise_analyzers.project.stores import agent_steps, is_fixed, store_of
from otpwise_analyzers.rewrite.expiring_store import expires, keeps_ttl
from otpwise_analyzers.rewrite.server_start import init_of, is_empty, state_of
from otpwise_analyzers.rules.base import FixNote, Impact, Reference, Rule
from otpwise_analyzers.rules.otp.cache_never_expires_examples import CORRECT, INCORRECT
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

_ADDS = frozenset({Kind.PUT, Kind.PUT_NEW, Kind.UPDATE})
_KEEPS_SIZE = _ADDS | {Kind.CHANGE}

# Keys that come from a short list, to judge by their names.
_FEW = re.compile(
    r"(^|_)(type|kind|name|field|option|setting|flag|level|status|event|metric|stat|feature|env|locale|lang"
    r"|language|currency|module|node|region|shard|partition|queue|topic|mode|role|format|adapter|provider|app|database|db|table)s?$"
)
_SETTINGS = re.compile(
    r"(Config|Configs|Configuration|Settings?|Env|Environment|Flags?|Features?|Registry|Metrics|Stats|Counters?"
    r"|Statistics|Toggles?)$"
)


class CacheNeverExpires(Rule):
    name = "otp/cache-never-expires"
    summary = "a server that keeps what it is given for ever"
    impact = Impact.HIGH
    detects = (
        "A GenServer or Agent with one name that puts values into a map under keys which callers choose, when no "
        "callback ever deletes, filters, replaces or resets that map, and none asks for its size."
    )
    why = (
        "The process lives as long as the node, and so does every entry. 100,000 page titles under their URLs make a "
        "heap of 34 MB (measured on OTP 25), and each full garbage collection of it stops the server, with all who "
        "wait for it, for 60 ms. Nor is anything in it ever read anew: a value that changed at its source stays what "
        "it was on the day it was put there."
    )
    fine_when = "The keys come from a short list that the code cannot see here, such as the tenants of one installation."
    trade_off = (
        "What has expired is computed again, and one entry costs an integer more. A cache that must stay below a size "
        "rather than an age wants a library (Cachex, Nebulex) with a limit."
    )
    fix_note = FixNote(
        writes=(
            "Each value beside the time at which it expires (`System.monotonic_time/1`, which no clock change "
            "moves); reads pass over what is older, and a `:cleanup` message once every `ttl` drops it."
        ),
        because=(
            "Unsafe where the options of `start_link/1` or the state hold a `ttl`: entries end, which is "
            "asked for, but was not so. Without one it is a scaffold with a marked default of five minutes."
        ),
        leaves=(
            "Offered where every place that reads or writes the map is of a known form. Other servers that "
            "look into the state by `:sys.get_state` are not looked for."
        ),
    )
    references = (
        Reference("Process.send_after/4", "https://hexdocs.pm/elixir/Process.html#send_after/4"),
        Reference(
            "Periodic work in a GenServer",
            "https://hexdocs.pm/elixir/GenServer.html#module-receiving-regular-messages",
        ),
        Reference("System.monotonic_time/1", "https://hexdocs.pm/elixir/System.html#monotonic_time/1"),
    )
    hides = frozenset({"otp/genserver-bottleneck"})
    uses = frozenset({"GenServer", "Agent"})
    needles = (b"Map.put", b"put_in", b"Map.update", b"update_in")
    incorrect = INCORRECT
    correct = CORRECT

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path):
            return
        for module in file.modules:
            if _SETTINGS.search(module.name) or not module.uses_module("GenServer", "Agent"):
                continue
            if not has_one_name(module) or _asks_for_size(module):
                continue
            yield from self._growing(module)

    def _growing(self, module: Module) -> Iterable[Finding]:
        if module.uses_module("Agent"):
            steps = agent_steps(module)
            step = _growth(module, steps, _place_of_puts(steps)) if steps else None
            if step is not None and _agent_starts_empty(module):
                yield self.finding(step.node, _message(module, step), Level.HINT, reach=module.node)
            return
        store = store_of(module)
        if store is None or any(handling.may_stop for handling in store.handlings):
            return
        for place in store.places:
            step = _growth(module, store.all_steps, place)
            if step is None or not _starts_empty(module, place):
                continue
            has_ttl = keeps_ttl(store, place)
            yield self.finding(
                step.node,
                _message(module, step, has_ttl=has_ttl),
                Level.HINT,
                reach=module.node,
                fixes=[
                    Fix(
                        "Let entries expire",
                        Applicability.UNSAFE if has_ttl else Applicability.SCAFFOLD,
                        partial(expires, store=store, place=place),
                    )
                ],
            )
            return


def _place_of_puts(steps: list[Step]) -> str:
    return next((step.place for step in steps if step.kind in _ADDS and step.key is not None), WHOLE)


def _growth(module: Module, steps: Iterable[Step], place: str) -> Step | None:
    """The first put under a key that callers choose, when nothing ever makes the map smaller."""
    here = [step for step in steps if step.place in (place, WHOLE)]
    if any(step.kind not in _KEEPS_SIZE for step in here):
        return None
    if place != WHOLE and any(step.key is not None and step.place == WHOLE for step in here):
        return None
    adds = [step for step in here if step.place == place and step.kind in _ADDS and step.key is not None]
    return next((step for step in adds if not _is_of_few(module, step)), None)


def _starts_empty(module: Module, place: str) -> bool:
    """Whether the map holds nothing at first, as far as `init/1` says: one that is filled there, from a list
    or a table, has the keys of that."""
    file, init = module.file, init_of(module)
    state = state_of(init) if init is not None else None
    if init is None or state is None:
        return True
    if place != WHOLE:
        pairs = nodes.keyword_pairs(state, file.data) if state.type == "map" else {}
        return place not in pairs or is_empty(file, pairs[place])
    param = nodes.identifier(init.params[0], file.data)
    return (
        is_empty(file, state)
        or state.type == "identifier"
        or (param is not None and file.text(state) == f"Map.new({param})")
    )


def _agent_starts_empty(module: Module) -> bool:
    """Whether the function that makes the Agent's state makes an empty map, or a map of empty ones."""
    file = module.file
    for call in file.calls("start_link"):
        if call.module == "Agent" and call.enclosing_module is module and call.all_args:
            made = re.sub(r"^fn -> | end$", "", file.text(call.all_args[0]))
            return re.sub(r"\w+: %\{\},? ?", "", made) in ("%{}", "Map.new()", "&Map.new/0")
    return True


def _is_of_few(module: Module, step: Step) -> bool:
    """Whether the key is one of a few, or what is kept is a mere count."""
    file, key = module.file, step.key
    clause = file.definition_at(step.node.start_byte)
    if key is None or clause is None or is_fixed(key):
        return True
    if key.type == "identifier" and _FEW.search(file.text(key)):
        return True
    if step.kind is Kind.UPDATE and re.search(r", \d+, &\(?&1 [+-] ", file.text(step.node)):
        return True
    spec = clause.attributes.get("spec")
    if spec is not None and "(atom" in file.text(spec):
        return True
    names = {file.text(n) for n in (key, *nodes.descendants(key, "identifier")) if n.type == "identifier"}
    if clause.guard is not None and any(
        re.search(rf"\b{re.escape(name)} in |is_(atom|boolean)\({re.escape(name)}\)", file.text(clause.guard))
        for name in names
    ):
        return True
    return _is_sent_with_literals(module, clause, key)


def _is_sent_with_literals(module: Module, clause: Definition, key: Node) -> bool:
    """Whether all messages that this clause takes, as far as the module sends them, name the key outright."""
    file, message = module.file, clause.params[0]
    if message.type != "tuple":
        return False
    items = nodes.named(message)
    at = next((i for i, item in enumerate(items) if file.text(item) == file.text(key)), None)
    tag = file.text(items[0]) if items and items[0].type == "atom" else None
    if at is None or tag is None:
        return False
    sent: list[Node] = []
    for call in file.calls("call", "cast"):
        argument = call.all_args[1] if call.module == "GenServer" and len(call.all_args) > 1 else None
        parts = nodes.named(argument) if argument is not None and argument.type == "tuple" else []
        if len(parts) == len(items) and file.text(parts[0]) == tag:
            sent.append(parts[at])
    return bool(sent) and all(is_fixed(part) for part in sent)


def _asks_for_size(module: Module) -> bool:
    """Whether the module counts what it keeps: most likely in order to limit it."""
    return any(
        call.enclosing_module is module
        for call in module.file.calls("map_size", "count", "max_entries", "memory")
        if call.name == "map_size" or call.module in ("Enum", ":erts_debug", ":ets")
    )


def _message(module: Module, step: Step, *, has_ttl: bool = False) -> str:
    file = module.file
    key = file.text(step.key) if step.key is not None else ""
    what = f"`{key}`" if "\n" not in key and len(key) <= 40 else "its key"
    where = f"`{step.place}`" if step.place != WHOLE else "its state"
    ttl = " Its `ttl` is kept, and nothing goes by it." if has_ttl else ""
    return (
        f"`{module.name}` puts an entry for each {what} into {where} and never takes one out: it grows for as "
        f"long as the node is up.{ttl}"
    )
