"""Which functions of other modules a file calls to read something, to judge by their names."""

from __future__ import annotations

import msgspec

from otpwise_analyzers.syntax.file import ElixirFile

# What a read by key is called, as a rule. Exact names, so that a look into the inventory is enough.
_READS = frozenset(
    name.encode()
    for name in (
        *("get", "get!", "fetch", "fetch!", "lookup", "lookup!", "look_up", "read", "find", "find!", "peek"),
        *("member?", "has?", "has_key?", "exists?", "known?", "cached?", "cached", "get_cached", "get_value"),
        *(
            "value",
            "status",
            "rate",
            "get_rate",
            "get_status",
            "get_state",
            "fetch_cached",
            "enabled?",
            "allowed?",
        ),
    )
)
_NOT_OURS = frozenset(
    name.encode()
    for name in (
        *("Map", "Keyword", "Enum", "Access", "List", "String", "Process", "Application", "System", "File"),
        *("MapSet", "Repo", "Agent", "Regex", "Conn", "Plug.Conn", "Req", "HTTPoison", "Registry", "Stream"),
        *("Module", "Code", "IO", "Path", "URI", "Tuple", "Macro", "Date", "DateTime", "Logger", "Mix"),
        *("Ecto.Changeset", "Changeset", "Phoenix.Controller", "Config", "Tesla", "Jason"),
    )
)


class Asking(msgspec.Struct, frozen=True, array_like=True):
    """`module` calls `function` of `asked`."""

    module: str
    asked: str
    function: str


def asking_of(file: ElixirFile) -> tuple[Asking, ...]:
    """The calls on modules whose function is named like a read, each once, in order."""
    data = file.data
    written: dict[tuple[bytes, bytes], int] = {}
    for name in file.names.keys() & _READS:
        for node in file.names[name]:
            dot = node.parent
            left = dot.named_child(0) if dot is not None and dot.type == "dot" else None
            if left is None or left.type != "alias":
                continue
            receiver = data[left.start_byte : left.end_byte]
            if receiver not in _NOT_OURS and not receiver.endswith(b"Repo"):
                written.setdefault((receiver, name), left.start_byte)
    found = set()
    for (receiver, name), at in written.items():
        module = file.module_at(at)
        if module is not None and module.name:
            asked = file.resolve(receiver.decode(), at, file.aliases)
            found.add(Asking(module.name, asked, name.decode()))
    return tuple(sorted(found, key=lambda one: (one.module, one.asked, one.function)))
