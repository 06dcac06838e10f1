"""Supervision trees as diagrams, in the languages of Mermaid and of Graphviz."""

from __future__ import annotations

from collections.abc import Iterator

from otpwise_analyzers.project.supervision import AppTree, Kind, Node
from otpwise_cli.tree import Forest

_MERMAID_SHAPES = {
    Kind.SUPERVISOR: ('["', '"]'),
    Kind.DYNAMIC: ('[["', '"]]'),
    Kind.WORKER: ('("', '")'),
    Kind.LIBRARY: ('("', '")'),
    Kind.UNKNOWN: ('{{"', '"}}'),
}
_MERMAID_CLASSES = (
    "classDef supervisor fill:#e8eefc,stroke:#4661b0",
    "classDef dynamic fill:#e8eefc,stroke:#4661b0",
    "classDef worker fill:#eef7ee,stroke:#4b8b4b",
    "classDef library fill:#f5f5f5,stroke:#999999",
    "classDef unknown fill:#fff6e0,stroke:#b08a30,stroke-dasharray:4",
    "classDef unsupervised fill:#fdecea,stroke:#b0483f",
)
_DOT_SHAPES = {
    Kind.SUPERVISOR: "shape=box",
    Kind.DYNAMIC: "shape=box, peripheries=2",
    Kind.WORKER: "shape=box, style=rounded",
    Kind.LIBRARY: 'shape=box, style=rounded, color="#999999"',
    Kind.UNKNOWN: "shape=box, style=dashed",
}


def mermaid(forests: list[Forest]) -> Iterator[str]:
    """A flowchart; children that are started while the system runs hang on dotted lines."""
    yield "flowchart LR"
    for line in _MERMAID_CLASSES:
        yield f"  {line}"
    for number, tree in enumerate(tree for forest in forests for tree in forest.apps):
        nodes = _numbered(tree, f"a{number}")
        if not nodes:
            continue
        yield f'  subgraph a{number}["{_mermaid_text(tree.app)}"]'
        for name, node, _, is_out in nodes:
            opening, closing = _MERMAID_SHAPES[node.kind]
            label = "<br/>".join(_mermaid_text(line) for line in _lines(node))
            style = "unsupervised" if is_out else str(node.kind)
            yield f"    {name}{opening}{label}{closing}:::{style}"
        for name, node, above, _ in nodes:
            if above is not None:
                yield f"    {above} {'-.->' if node.is_dynamic else '-->'} {name}"
        yield "  end"


def dot(forests: list[Forest]) -> Iterator[str]:
    """A directed graph for `dot -Tsvg`; dashed lines lead to what is started while the system runs."""
    yield "digraph supervision {"
    yield "  rankdir=LR"
    yield '  node [fontname="Helvetica", fontsize=11]'
    for number, tree in enumerate(tree for forest in forests for tree in forest.apps):
        nodes = _numbered(tree, f"a{number}")
        if not nodes:
            continue
        yield f"  subgraph cluster_a{number} {{"
        yield f"    label={_dot_text(tree.app)}"
        for name, node, _, is_out in nodes:
            label = _dot_text("\n".join(_lines(node)))
            colour = ', color="#b0483f"' if is_out else ""
            yield f"    {name} [label={label}, {_DOT_SHAPES[node.kind]}{colour}]"
        for name, node, above, _ in nodes:
            if above is not None:
                yield f"    {above} -> {name}{' [style=dashed]' if node.is_dynamic else ''}"
        yield "  }"
    yield "}"


def _numbered(tree: AppTree, prefix: str) -> list[tuple[str, Node, str | None, bool]]:
    """Each node with its own name in the diagram, that of the node above, and whether nobody supervises it."""
    found: list[tuple[str, Node, str | None, bool]] = []

    def add(node: Node, above: str | None, is_out: bool) -> None:
        name = f"{prefix}n{len(found)}"
        found.append((name, node, above, is_out))
        for child in node.children:
            add(child, name, False)

    for root in tree.roots:
        add(root, None, False)
    for _, node in tree.loose:
        add(node, None, False)
    for one in tree.unsupervised:
        add(one.node, None, True)
    return found


def _lines(node: Node) -> Iterator[str]:
    many = "any number of " if node.is_repeated else ""
    yield f"{many}{node.module or node.name or f'? from {node.source}'}"
    if node.name is not None and node.module is not None and node.name != node.module:
        yield f"as {node.name}"
    if node.kind in (Kind.SUPERVISOR, Kind.DYNAMIC):
        yield f"{node.strategy or 'strategy not known'}, {node.intensity}"
    if node.condition:
        yield node.condition


def _mermaid_text(text: str) -> str:
    for character, code in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("`", "#96;")):
        text = text.replace(character, code)
    return text


def _dot_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
