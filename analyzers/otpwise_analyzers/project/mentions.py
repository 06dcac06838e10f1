"""Modules that a file names as values, where somebody may be told to start them.

A children list, an option such as `worker: MyApp.Worker`, the settings in `config/`: what is named there may be
started by code that cannot be followed. It is the counter-evidence to "nobody starts this".
"""

from __future__ import annotations

from functools import cache

from tree_sitter import Node, Query, QueryCursor

from otpwise_analyzers.project import places
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.parser import compile_query

# Only files that have to do with starting processes are looked through: one in five.
_STARTS = (b"start_link", b"start_child", b"child_spec", b"uperv", b":start")

_DECLARING = frozenset(
    {
        *("alias", "import", "require", "use", "defmodule", "defimpl", "defprotocol", "behaviour", "impl"),
        *("spec", "type", "typep", "opaque", "callback", "rescue", "moduledoc", "doc", "derive"),
    }
)
# What is said to a running process, or asked about it.
_TALKING = frozenset(
    {
        *(
            "call",
            "cast",
            "multi_call",
            "abcast",
            "stop",
            "reply",
            "whereis",
            "send",
            "send_after",
            "monitor",
        ),
        *("get", "update", "get_and_update", "which_children", "count_children", "terminate_child"),
        *(
            "delete_child",
            "restart_child",
            "start_child",
            "lookup",
            "children",
            "config",
            "inspect",
            "get_env",
        ),
        *("fetch_env!", "fetch_env", "put_env", "compile_env", "subscribe", "broadcast", "attach"),
    }
)
_GENERIC = frozenset({"Supervisor", "DynamicSupervisor", "GenServer", "Task", "Registry", "Agent"})
_NAMING = frozenset({"name", "for", "as", "id"})


def mentions_of(file: ElixirFile) -> tuple[str, ...]:
    """The modules that the file names as values outside of themselves: full names, each once."""
    is_config = places.is_config(file.path) or file.path.rpartition("/")[2] == "mix.exs"
    if not is_config and (places.is_test(file.path) or not any(word in file.data for word in _STARTS)):
        return ()
    data = file.data
    written: set[bytes] = set()
    found: set[str] = set()
    for node in QueryCursor(_aliases()).captures(file.root).get("alias", ()):
        name = data[node.start_byte : node.end_byte]
        if name in written or not _is_value(node, data):
            continue
        full, module = file.module_name(node), file.module_at(node.start_byte)
        if full is not None and (module is None or module.name != full):
            # A name means the same all over a file, but for rare aliases of single functions.
            written.add(name)
            found.add(full)
    return tuple(sorted(found - _GENERIC))


@cache
def _aliases() -> Query:
    return compile_query("(alias) @alias")


def _is_value(node: Node, data: bytes) -> bool:
    parent = node.parent
    if parent is None or parent.type in ("dot", "struct"):
        return False
    if parent.type == "pair":
        key = parent.child_by_field_name("key")
        return key is None or nodes.keyword_name(key, data) not in _NAMING
    if parent.type == "binary_operator" and nodes.operator_of(parent) in ("==", "!=", "in", "::", "<-", "|"):
        return nodes.operator_of(parent) == "|" and parent.parent is not None and parent.parent.type == "list"
    if parent.type == "arguments":
        call = parent.parent
        target = call.child_by_field_name("target") if call is not None else None
        if target is not None and target.type == "dot":
            target = target.child_by_field_name("right")
        called = nodes.text_of(target, data) if target is not None else ""
        if called in _DECLARING:
            return False
        if called in _TALKING and nodes.named(parent)[:1] == [node]:
            return False
    return True
