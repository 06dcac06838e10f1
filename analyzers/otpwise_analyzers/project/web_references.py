"""Where modules of the core speak of the web layer, and how much each such place matters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.project.roles import WEB, Role, app_prefix, is_web_name, roles_of
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Module

# What stands around `Web` in the name of a module: `ShopWeb`, `ShopWeb.Router.Helpers`, `Web.Endpoint`
_MODULE = re.compile(rb"(?:[A-Z]\w*\.)*\w*Web(?![\w?!])")
_WEB_FOLDER = re.compile(r"(^|/)(\w+_)?web/")
# Other ways into an application than its web layer; they may know one another.
_INTERFACES = frozenset(
    {
        "GraphQL",
        "GraphQl",
        "Graphql",
        "API",
        "Api",
        "CLI",
        "Cli",
        "MCP",
        "Mcp",
        "PromEx",
        "Telemetry",
        "Release",
    }
)
_OUTSIDE = WEB | {
    *(Role.PLUG, Role.ROUTER, Role.ENDPOINT, Role.SOCKET, Role.APPLICATION, Role.SUPERVISOR),
    *(Role.TEST, Role.MIX_TASK, Role.REPO),
}
_FREE = frozenset({"Gettext", "Telemetry", "PubSub", "Topic", "Topics"})
_ROUTES = re.compile(r"\.(Router(\.Helpers)?|Routes|\w*Paths|\w*Urls?|\w*UrlProvider|UrlHelpers?)$")
_MAIL = re.compile(r"E?[Mm]ails?$|Mailers?$|Notifiers?$|Notifications?$|Digest")
_MAIL_MODULES = ("Swoosh", "Bamboo", "Phoenix.Swoosh")
_SETTINGS = frozenset(
    {"get_env", "fetch_env", "fetch_env!", "put_env", "compile_env", "compile_env!", "config", "whereis"}
)


# Types tie nothing at run time; a protocol of the web layer is derived by what it is for.
_ATTRIBUTES = ("@spec", "@type", "@opaque", "@callback", "@doc", "@moduledoc", "@derive")
# What the web module of old projects brings to their schemas.
_SCHEMAS = (b":model", b":schema")


class Weight(Enum):
    """How much a reference matters: a mail's link is tied to the router, a view in a context is a knot."""

    LIGHT = 1
    HEAVY = 2


class WebReference(NamedTuple):
    """A place where `module` needs `target`: `verb` it, `what` says what of it."""

    module: Module
    target: str
    node: Node
    verb: str
    what: str
    weight: Weight
    kind: str

    @property
    def span(self) -> Span:
        return Span(self.node.start_byte, self.node.end_byte)


def web_references(file: ElixirFile) -> dict[int, list[WebReference]]:
    """The references to its own web layer that each module of the core makes, by the module's first byte."""
    if _WEB_FOLDER.search(file.path):
        return {}
    if all(is_web_name(module.name) for module in file.modules):
        return {}
    core: dict[int, bool] = {}
    found: dict[int, list[WebReference]] = {}
    for node, target in _names(file):
        module = file.module_at(node.start_byte)
        if module is None or file.is_quoted(node.start_byte):
            continue
        if app_prefix(f"{target}.X") != _root(module, target) or not _is_web_layer(file, target):
            continue
        start = module.node.start_byte
        if not core.setdefault(start, start not in core and _is_core(module)):
            continue
        reference = _reference(file, module, node, target)
        if reference is not None:
            found.setdefault(start, []).append(reference)
    return found


def _root(module: Module, target: str) -> str | None:
    """The web layer's application, when the module belongs to it."""
    prefix = app_prefix(f"{target}.X")
    if prefix is None:
        return ""
    return prefix if module.name == prefix or module.name.startswith(f"{prefix}.") else ""


def _is_web_layer(file: ElixirFile, target: str) -> bool:
    """Whether `Shop.Web` is more than a name; `ShopWeb` always is."""
    before, dot, _ = f"{target}.".partition(".Web.")
    if not dot or not file.project.is_known:
        return True
    return any(file.project.module(f"{before}.Web.{name}") is not None for name in ("Endpoint", "Router"))


def _is_core(module: Module) -> bool:
    if not module.name or is_web_name(module.name) or module.name.endswith(".Application"):
        return False
    if not _INTERFACES.isdisjoint(module.name.split(".")):
        return False
    if any(name.startswith(("Plug.", "Phoenix.")) for name in module.imports):
        return False
    if any(".Plug" in name or name.endswith("PromEx") for name in module.all_uses):
        return False
    return roles_of(module).isdisjoint(_OUTSIDE)


def _names(file: ElixirFile) -> Iterator[tuple[Node, str]]:
    """The nodes that name a module of a web layer, in source order, each with the full name."""
    found: dict[int, tuple[Node, str]] = {}
    shorts: set[str] = set()
    data = file.data
    at = data.find(b"Web")
    while at >= 0:
        start = _start_of_name(data, at)
        end = at + 3
        if _MODULE.match(data, start) is not None:
            node = _alias_at(file, start)
            if node is not None:
                end = max(end, node.end_byte)
                found[node.start_byte] = (node, file.resolve(file.text(node), node.start_byte))
        at = data.find(b"Web", end)
    for alias in file.aliases.declarations():
        if is_web_name(alias.full) and not alias.short.endswith("Web"):
            shorts.add(alias.short)
    for short in shorts:
        for match in re.finditer(rb"(?<![\w.:])%s\b" % short.encode(), file.data):
            node = _alias_at(file, match.start())
            if node is not None and is_web_name(full := file.resolve(file.text(node), node.start_byte)):
                found[node.start_byte] = (node, full)
    yield from (found[start] for start in sorted(found))


def _start_of_name(data: bytes, at: int) -> int:
    """Where the dotted name begins that byte `at` lies in."""
    while at > 0 and (data[at - 1 : at].isalnum() or data[at - 1 : at] in (b"_", b".")):
        at -= 1
    return at


def _alias_at(file: ElixirFile, at: int) -> Node | None:
    node = file.root.descendant_for_byte_range(at, at + 1)
    return node if node is not None and node.type == "alias" and node.start_byte == at else None


def _reference(file: ElixirFile, module: Module, node: Node, target: str) -> WebReference | None:
    """What a name is used for; None where it is none that counts."""
    if not _FREE.isdisjoint(target.split(".")):
        return None
    verb, what, place = "refers to", f"`{target}`", node
    parent = node.parent
    if parent is not None and parent.type == "dot" and parent.child_by_field_name("left") == node:
        call = parent.parent
        right = parent.child_by_field_name("right")
        if right is not None and right.type == "tuple":
            return None
        if call is not None and call.type == "call" and right is not None:
            name = file.text(right)
            made = next((one for one in file.calls(name) if one.node == call), None)
            place, verb = call, "calls"
            what = f"`{target}.{name}/{made.arity}`" if made is not None else f"`{target}.{name}`"
    owner = _statement_call(node, file)
    if owner is not None:
        name, call = owner
        if name in ("alias", "require") or name in _SETTINGS:
            return None
        if name in ("import", "use", "defdelegate"):
            place, verb = call, {"import": "imports", "use": "uses", "defdelegate": "delegates to"}[name]
            text = file.data[call.start_byte : call.end_byte]
            if name == "use" and text.endswith(_SCHEMAS):
                return None
            if name == "use" and b":verified_routes" in text:
                verb, what = "uses the verified routes of", f"`{target}`"
    kind, weight = _judged(file, module, node, target, what)
    return None if kind == "free" else WebReference(module, target, place, verb, what, weight, kind)


def _judged(file: ElixirFile, module: Module, node: Node, target: str, what: str) -> tuple[str, Weight]:
    attribute = next((a for a in nodes.ancestors(node) if nodes.is_operator(a, "@")), None)
    if attribute is not None:
        text = file.text(attribute)
        if text.startswith(_ATTRIBUTES):
            return "free", Weight.LIGHT
    last = target.rpartition(".")[2]
    mail = _is_mail(module)
    if last.endswith("Endpoint"):
        broadcast = "broadcast" in what or "subscribe" in what
        return ("broadcast" if broadcast else "endpoint"), Weight.LIGHT
    if last.endswith("Presence"):
        return "presence", Weight.LIGHT
    if _ROUTES.search(target) or _takes_routes(file, node):
        return "routes", Weight.LIGHT if mail else Weight.HEAVY
    return "layer", Weight.LIGHT if mail else Weight.HEAVY


def _takes_routes(file: ElixirFile, node: Node) -> bool:
    owner = _statement_call(node, file)
    if owner is None or owner[0] != "use":
        return False
    return b":verified_routes" in file.data[owner[1].start_byte : owner[1].end_byte]


def _is_mail(module: Module) -> bool:
    if any(_MAIL.search(part) for part in module.name.split(".")):
        return True
    return any(name.startswith(_MAIL_MODULES) for name in module.imports | module.all_uses)


def _statement_call(node: Node, file: ElixirFile) -> tuple[str, Node] | None:
    """The `alias`, `import`, `use`, `get_env` ... that a name is an argument of."""
    inner = node
    for ancestor in nodes.ancestors(node):
        if ancestor.type in ("do_block", "source", "body", "stab_clause"):
            return None
        if ancestor.type == "call":
            target = ancestor.child_by_field_name("target")
            if target is not None and not nodes.encloses(target, inner):
                if target.type == "dot":
                    target = target.child_by_field_name("right") or target
                name = file.text(target)
                if name in ("alias", "require", "import", "use", "defdelegate") or name in _SETTINGS:
                    return name, ancestor
                return None
        inner = ancestor
    return None
