"""Which literals of a config file are secrets."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass

from tree_sitter import Node

from otpwise_analyzers.project.build_config import config_call_around
from otpwise_analyzers.project.config_files import ConfigCall, Path
from otpwise_analyzers.project.env_reads import EnvRead, env_reads
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile

_NAME = re.compile(
    r"secret_key_base|(\w+_)?secret|(\w+_)?secret_key|(\w+_)?password|(\w+_)?(api|access|private)_key"
)
# Keys of services that begin as their keys for production do, and do nowhere else.
_ISSUED = re.compile(
    r"(sk|rk)_live_[0-9a-zA-Z]{16,}|AKIA[0-9A-Z]{16}|gh[pousr]_[0-9a-zA-Z]{30,}|github_pat_\w{30,}"
    r"|xox[abp]-[\w-]{20,}|SG\.[\w-]{16,}\.[\w-]{16,}|glpat-[\w-]{20,}|sk-ant-[\w-]{20,}"
)
_PRIVATE_KEY = re.compile(r"\s*-----BEGIN ([A-Z]+ )*PRIVATE KEY-----")
# Keys that are given to browsers, and keys for trying things out.
_PUBLIC = re.compile(r"(pk|sk|rk)_test_|pk_live_|phc_|pub-|\$\{|<%|\{\{")
_PLACEHOLDER = re.compile(
    r"test|example|dummy|change|postgres|secret|password|placeholder|todo|your|xxx|insert|replace|generate"
    r"|sample|fake|default|localhost|develop|not_?for|only_?for|put_?|some_?|my_?app|1234567|abcdef|0000000",
    re.IGNORECASE,
)
_JWK = frozenset({"k", "d", "p", "q"})


@dataclass(frozen=True, slots=True)
class Secret:
    """A literal that is one. `path` is the option that it is for, or the variable's name alone.

    `call` is the `config` call around it, None for a variable; `read` what it is the default of.
    """

    file: ElixirFile
    node: Node
    path: Path
    call: ConfigCall | None
    read: EnvRead | None = None
    is_issued: bool = False

    @property
    def name(self) -> str:
        return self.path[-1]


def secrets_in(file: ElixirFile) -> list[Secret]:
    """The secrets that a config file writes out, in source order."""
    found = []
    data = file.data
    for node in nodes.descendants(file.root, "string"):
        value = _literal(node, data)
        if value is None or len(value) < 16:
            continue
        issued = _ISSUED.fullmatch(value) is not None and "EXAMPLE" not in value
        holder = _holder(file, node) if _is_a_value(file, node) else None
        if holder is None:
            continue
        call, path, key = holder
        if not issued and not (_is_named(path, key) and looks_secret(value)):
            continue
        found.append(Secret(file, node, path, call, _read_before(file, node), issued))
    return found


def _is_a_value(file: ElixirFile, node: Node) -> bool:
    """Whether a literal is all of an option, of a variable or of a map's entry, or what stands in for it."""
    read = _read_before(file, node)
    if read is not None and nodes.encloses(read.call.node, node):
        return len(read.call.args) > 1 and read.call.args[-1] == node
    outer = node
    while (parent := outer.parent) is not None and nodes.is_operator(parent, "||"):
        outer = parent
    parent = outer.parent
    if parent is None:
        return False
    if parent.type in ("pair", "arguments"):
        call = parent.parent if parent.type == "arguments" else None
        target = call.child_by_field_name("target") if call is not None else None
        return call is None or nodes.identifier(target, file.data) == "config"
    return nodes.operator_of(parent) in ("=", "=>") and parent.child_by_field_name("right") == outer


def _literal(node: Node, data: bytes) -> str | None:
    """The text of a string without interpolation, escapes as they are written."""
    if any(child.type not in ("quoted_content", "escape_sequence") for child in node.named_children):
        return None
    return "".join(nodes.text_of(child, data) for child in node.named_children)


def looks_secret(value: str) -> bool:
    """Whether a text is made as keys are: long, without words, each character as likely as another."""
    if _PRIVATE_KEY.match(value):
        return True
    if len(value) < 16 or re.search(r"\s", value) or _PUBLIC.match(value) or _PLACEHOLDER.search(value):
        return False
    return entropy(value) > 3.5


def entropy(text: str) -> float:
    """The bits that one character tells, by how often each one comes (Shannon)."""
    length = len(text)
    return -sum(n / length * math.log2(n / length) for n in Counter(text).values())


def _holder(file: ElixirFile, node: Node) -> tuple[ConfigCall | None, Path, str | None] | None:
    """The `config` call around a literal, its path there, and its key in a map; or the variable it is for."""
    key = _map_key(file, node)
    call = config_call_around(file, node)
    if call is not None:
        if call.value is not None and nodes.encloses(call.value, node):
            return call, call.path, key
        for leaf in call.leaves():
            if nodes.encloses(leaf.value, node):
                return call, leaf.path, key
        return None
    for ancestor in nodes.ancestors(node):
        if nodes.is_operator(ancestor, "="):
            left = ancestor.child_by_field_name("left")
            name = nodes.identifier(left, file.data)
            return (None, (name,), key) if name is not None else None
        if ancestor.type == "do_block":
            return None
    return None


def _map_key(file: ElixirFile, node: Node) -> str | None:
    """`k` of `%{"k" => "..."}`."""
    parent = node.parent
    if parent is None or not nodes.is_operator(parent, "=>"):
        return None
    left = parent.child_by_field_name("left")
    return nodes.string_literal(left, file.data) if left is not None and left != node else None


def _is_named(path: Path, key: str | None) -> bool:
    name = path[-1]
    if key is not None:
        of_jwk = key in _JWK and name in ("secret_key", "private_key", "jwk")
        return of_jwk or _NAME.fullmatch(key) is not None
    return _NAME.fullmatch(name) is not None


def _read_before(file: ElixirFile, node: Node) -> EnvRead | None:
    """The read of the environment that a literal is the default of."""
    for read in env_reads(file):
        if nodes.encloses(read.call.node, node):
            return read
        parent = read.node.parent
        if parent is not None and nodes.is_operator(parent, "||"):
            right = parent.child_by_field_name("right")
            if right is not None and nodes.encloses(right, node):
                return read
    return None
