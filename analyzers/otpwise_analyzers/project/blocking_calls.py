"""The calls that keep a process waiting for something outside of it."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from otpwise_analyzers.project.mail_calls import mail_candidates, mailer_of
from otpwise_analyzers.project.repo_calls import READS, TRANSACTIONS, WRITES, repo_calls
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile

_VERBS = frozenset(
    {
        *("get", "get!", "post", "post!", "put", "put!", "patch", "patch!", "delete", "delete!"),
        *("head", "head!", "options", "options!", "request", "request!"),
    }
)
_REQUEST = frozenset({"request", "request!"})

HTTP_CALLS = {
    "HTTPoison": _VERBS,
    "Tesla": _VERBS,
    "Req": _VERBS | {"run", "run!"},
    "Finch": _REQUEST | {"stream", "stream!", "stream_while"},
    "ExAws": _REQUEST,
    ":httpc": frozenset({"request"}),
    ":hackney": _VERBS,
}
"""The functions of each HTTP client that send a request and wait for its answer."""

# Modules that `use` one of these call its functions as their own.
_BROUGHT_BY_USE = ("Tesla", "HTTPoison.Base")

_HTTP_NAMES = {name.encode(): name for names in HTTP_CALLS.values() for name in names}
# Plain searches are many times faster than one for a pattern with alternatives.
_HTTP_NEEDLES = (b"HTTPo", b"Tesla", b"Req.", b"Finch", b"ExAws", b":httpc", b":hackney")


def http_calls(file: ElixirFile) -> list[Call]:
    """The calls that send an HTTP request and wait for the answer, those inside of `quote` left out."""
    present = _HTTP_NAMES.keys() & file.names.keys()
    data = file.data
    if not present or not any(needle in data for needle in _HTTP_NEEDLES):
        return []
    return [
        call
        for call in file.calls(*(_HTTP_NAMES[name] for name in present))
        if _sends(call) and not call.quoted
    ]


def sleeps(file: ElixirFile) -> list[Call]:
    """The calls of `Process.sleep/1` and `:timer.sleep/1`."""
    return [
        call
        for call in (file.calls("sleep") if b"sleep" in file.names else ())
        if call.module in ("Process", ":timer") and not call.quoted
    ]


class Wait(StrEnum):
    """What a call waits for, as one would say it."""

    HTTP = "an HTTP request"
    REPO = "the database"
    CONNECTION = "a connection"
    SLEEP = "a sleep"
    COMMAND = "an external program"
    SERVER = "another process"
    MAIL = "the mail server"


_OTHERS = {
    "connect": {":gen_tcp": Wait.CONNECTION, ":ssl": Wait.CONNECTION, "Mint.HTTP": Wait.CONNECTION},
    "open": {"AMQP.Connection": Wait.CONNECTION},
    "cmd": {"System": Wait.COMMAND, ":os": Wait.COMMAND},
    "shell": {"System": Wait.COMMAND},
    "call": {
        "GenServer": Wait.SERVER,
        ":gen_server": Wait.SERVER,
        ":gen_statem": Wait.SERVER,
        ":rpc": Wait.SERVER,
        ":erpc": Wait.SERVER,
    },
    "multi_call": {"GenServer": Wait.SERVER, ":gen_server": Wait.SERVER},
    "multicall": {":rpc": Wait.SERVER, ":erpc": Wait.SERVER},
}
_OTHER_NAMES = {name.encode(): name for name in _OTHERS}
_REPO_NAMES = READS | WRITES | TRANSACTIONS


def waiting_calls(file: ElixirFile, kinds: Collection[Wait] = tuple(Wait)) -> list[tuple[Wait, Call]]:
    """The calls that keep their process waiting, in source order; those inside of `quote` left out."""
    found: list[tuple[Wait, Call]] = []
    if Wait.HTTP in kinds:
        found.extend((Wait.HTTP, call) for call in http_calls(file))
    if Wait.SLEEP in kinds:
        found.extend((Wait.SLEEP, call) for call in sleeps(file))
    if Wait.REPO in kinds:
        found.extend((Wait.REPO, call) for call in repo_calls(file, _REPO_NAMES))
    if Wait.MAIL in kinds:
        found.extend((Wait.MAIL, call) for call in mail_candidates(file) if _is_delivery(call))
    for call in file.calls(*(_OTHER_NAMES[name] for name in _OTHER_NAMES.keys() & file.names.keys())):
        kind = _OTHERS[call.name].get(_module_of(call))
        if kind in kinds and kind is not None and call.is_invocation and not call.quoted:
            if not _stays_on_the_machine(call):
                found.append((kind, call))
    found.sort(key=lambda one: one[1].node.start_byte)
    return found


def _is_delivery(call: Call) -> bool:
    mailer = mailer_of(call)
    return mailer is not None and call.file.project.is_mailer(mailer)


def _module_of(call: Call) -> str:
    """The module of a call; `use AMQP` brings the aliases of its modules along."""
    name = call.module or ""
    if name == "Connection" and call.enclosing_module is not None:
        return "AMQP.Connection" if call.enclosing_module.uses_module("AMQP") else name
    return name


def _stays_on_the_machine(call: Call) -> bool:
    """`:gen_tcp.connect({:local, path}, ...)`: a socket file answers at once, or there is none."""
    return call.name == "connect" and bool(call.args) and call.file.text(call.args[0]).startswith("{:local")


def _sends(call: Call) -> bool:
    if call.receiver is not None:
        return call.name in HTTP_CALLS.get(call.module or "", ())
    module = call.enclosing_module
    return (
        module is not None
        and call.name in _VERBS
        and bool(call.all_args)
        and any(use.module in _BROUGHT_BY_USE for use in module.uses)
        and not module.defines(call.name, call.arity)
    )
