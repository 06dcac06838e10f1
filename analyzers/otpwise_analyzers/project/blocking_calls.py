"""The calls that keep a process waiting for something outside of it."""

from __future__ import annotations

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
