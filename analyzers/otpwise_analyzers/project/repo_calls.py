"""The calls of an Ecto repo: which read, which write, and where a module makes them."""

from __future__ import annotations

from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile

READS = frozenset(
    {
        *(
            "all",
            "all_by",
            "one",
            "one!",
            "get",
            "get!",
            "get_by",
            "get_by!",
            "preload",
            "exists?",
            "aggregate",
        ),
        *("reload", "reload!", "query", "query!", "query_many", "stream", "paginate"),
    }
)
ROW_WRITES = frozenset(
    {
        *("insert", "insert!", "update", "update!", "delete", "delete!"),
        *("insert_or_update", "insert_or_update!"),
    }
)
BULK_WRITES = frozenset({"insert_all", "update_all", "delete_all"})
WRITES = ROW_WRITES | BULK_WRITES
TRANSACTIONS = frozenset({"transaction", "transact"})


def repo_calls(file: ElixirFile, names: frozenset[str]) -> list[Call]:
    """The calls of these functions on an Ecto repo, in source order; those inside of `quote` left out."""
    present = [name for name in names if name.encode() in file.names]
    found = []
    for call in file.calls(*present):
        receiver = call.receiver
        if receiver is None or receiver.type not in ("alias", "dot", "identifier"):
            continue
        if call.is_invocation and file.project.is_repo(call.module) and not call.quoted:
            found.append(call)
    return found


def is_bang(call: Call) -> bool:
    """Whether the call raises where its sibling answers `{:error, _}`; a bulk write always does."""
    return call.name.endswith("!") or call.name in BULK_WRITES
