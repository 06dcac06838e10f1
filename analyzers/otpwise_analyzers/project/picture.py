"""Supervision trees as a picture: HTML and CSS alone, for a browser and for an editor's panel.

A tree is nested lists that CSS lays out from left to right; there is no script and nothing to load.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from html import escape

from otpwise_analyzers.project.supervision import AppTree, Kind, Node, Place, Unsupervised

Mark = Callable[[Place | None], str]
"""The attributes that an element gets for a place, such as ` data-place="3"`; empty for none."""

STYLES = """\
:root { --line: #8a8f98; --text: #1f2328; --quiet: #57606a; --back: #ffffff; --supervisor: #e8eefc;
  --supervisor-line: #4661b0; --worker: #eaf6ea; --worker-line: #3f7f3f; --library: #f3f4f6;
  --library-line: #9aa1ab; --unknown: #fff6dd; --unknown-line: #a67c1f; --alone: #fdeaea; --alone-line: #b0483f; }
@media (prefers-color-scheme: dark) { :root { --line: #6b7280; --text: #e6e6e6; --quiet: #a3a9b3;
  --back: #1e1e1e; --supervisor: #24304f; --supervisor-line: #7d9bf0; --worker: #213a24; --worker-line: #6fbf73;
  --library: #2b2d31; --library-line: #767c86; --unknown: #443a1c; --unknown-line: #d9ab4b; --alone: #4a2524;
  --alone-line: #e5827a; } }
body.vscode-light, body.vscode-high-contrast-light { --line: #8a8f98; --text: #1f2328; --quiet: #57606a;
  --back: var(--vscode-editor-background); --supervisor: #e8eefc; --supervisor-line: #4661b0; --worker: #eaf6ea;
  --worker-line: #3f7f3f; --library: #f3f4f6; --library-line: #9aa1ab; --unknown: #fff6dd; --unknown-line: #a67c1f;
  --alone: #fdeaea; --alone-line: #b0483f; }
body.vscode-dark, body.vscode-high-contrast { --line: #6b7280; --text: #e6e6e6; --quiet: #a3a9b3;
  --back: var(--vscode-editor-background); --supervisor: #24304f; --supervisor-line: #7d9bf0; --worker: #213a24;
  --worker-line: #6fbf73; --library: #2b2d31; --library-line: #767c86; --unknown: #443a1c; --unknown-line: #d9ab4b;
  --alone: #4a2524; --alone-line: #e5827a; }
body { color: var(--text); background: var(--back); margin: 0; padding: 1.2em 1.6em 3em;
  font: 13px/1.45 var(--vscode-font-family, system-ui, sans-serif); }
h1 { font-size: 1.25em; font-weight: 600; margin: 0 0 .3em; }
h2 { font-size: 1em; font-weight: 600; margin: 2em 0 .8em; }
.app + .app { margin-top: 3em; }
.note { color: var(--quiet); margin: 0 0 1.2em; }
.key { list-style: none; display: flex; flex-wrap: wrap; gap: .5em; align-items: center; padding: 0; margin: 0 0 1.6em; }
.key .node { padding: .05em .6em; font-weight: 400; }
.tree, .tree ul { list-style: none; margin: 0; padding: 0; }
.tree li { display: flex; align-items: center; position: relative; padding: .25em 0; }
.tree ul { margin-left: 1.4em; padding-left: 1.2em; position: relative; }
.tree ul::before { content: ""; position: absolute; left: -1.4em; width: 1.4em; top: 50%;
  border-top: 1px solid var(--line); }
.tree ul > li::before { content: ""; position: absolute; left: -1.2em; width: 1.2em; top: 50%;
  border-top: 1px solid var(--line); }
.tree ul > li::after { content: ""; position: absolute; left: -1.2em; top: 0; bottom: 0;
  border-left: 1px solid var(--line); }
.tree ul > li:first-child::after { top: 50%; }
.tree ul > li:last-child::after { bottom: 50%; }
.tree ul > li:only-child::after { display: none; }
.tree ul > li.dynamic::before { border-top-style: dashed; }
.node { border: 1.5px solid; border-radius: 6px; padding: .3em .7em; white-space: nowrap; flex: none; }
.node b { font-weight: 600; display: block; }
.node small { display: block; color: var(--quiet); font-size: .9em; }
.node .when { color: var(--unknown-line); }
.node[data-place] { cursor: pointer; }
.node[data-place]:hover, .node[data-place]:focus { outline: 2px solid var(--vscode-focusBorder, #4661b0); }
.supervisor, .dynamic-supervisor { background: var(--supervisor); border-color: var(--supervisor-line); border-radius: 2px; }
.dynamic-supervisor { border-style: double; border-width: 4px; }
.worker { background: var(--worker); border-color: var(--worker-line); }
.library { background: var(--library); border-color: var(--library-line); }
.unknown { background: var(--unknown); border-color: var(--unknown-line); border-style: dashed; }
.alone { background: var(--alone); border-color: var(--alone-line); }
"""

_CLASSES = {
    Kind.SUPERVISOR: "supervisor",
    Kind.DYNAMIC: "dynamic-supervisor",
    Kind.WORKER: "worker",
    Kind.LIBRARY: "library",
    Kind.UNKNOWN: "unknown",
}
_KEY = (
    ("supervisor", "supervisor"),
    ("dynamic-supervisor", "starts children while it runs"),
    ("worker", "process"),
    ("library", "a library's"),
    ("unknown", "known to a running system alone"),
    ("alone", "nobody supervises it"),
)


def picture(projects: Iterable[tuple[Iterable[AppTree], Mark]]) -> str:
    """The body of a page with the trees of some projects, for `STYLES`."""
    key = "".join(f'<li class="node {name}">{meaning}</li>' for name, meaning in _KEY)
    trees = "".join("".join(_pieces(trees, mark)) for trees, mark in projects)
    return f'<ul class="key">{key}</ul>\n{trees}'


def page(title: str, projects: Iterable[tuple[Iterable[AppTree], Mark]]) -> str:
    """A whole page that needs no other file."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{escape(title)}</title>\n<style>\n{STYLES}</style>\n</head>\n<body>\n"
        f"{picture(projects)}</body>\n</html>\n"
    )


def _pieces(trees: Iterable[AppTree], mark: Mark) -> Iterator[str]:
    for tree in trees:
        yield f'<section class="app">\n<h1>{escape(tree.app)}</h1>\n'
        yield f'<p class="note">{escape(_about(tree))}</p>\n'
        if tree.roots:
            yield _list((_item(root, mark) for root in tree.roots), "tree")
        if tree.loose:
            yield "<h2>Started while the system runs, under supervisors that cannot be followed</h2>\n"
            yield _list((_item(node, mark) for _, node in tree.loose), "tree")
        if tree.unsupervised:
            yield "<h2>In no supervision tree of the project</h2>\n"
            yield _list((_item(one.node, mark, _alone(one)) for one in tree.unsupervised), "tree")
        yield "</section>\n"


def _about(tree: AppTree) -> str:
    if tree.problem:
        return f"No supervision tree: {tree.problem}."
    return f"from {tree.module}" if tree.module is not None else ""


def _list(items: Iterable[str], name: str = "") -> str:
    kind = f' class="{name}"' if name else ""
    return f"<ul{kind}>{''.join(items)}</ul>\n"


def _item(node: Node, mark: Mark, alone: str | None = None) -> str:
    kind = "alone" if alone is not None else _CLASSES[node.kind]
    lines = [alone, *_lines(node)] if alone else list(_lines(node))
    small = "".join(f"<small>{escape(line)}</small>" for line in lines)
    if node.condition:
        small += f'<small class="when">{escape(node.condition)}</small>'
    where = mark(node.entry or node.definition)
    inside = f'<div class="node {kind}"{where}><b>{escape(_title(node))}</b>{small}</div>'
    below = _list(_item(child, mark) for child in node.children) if node.children else ""
    return f"<li{' class=' + chr(34) + 'dynamic' + chr(34) if node.is_dynamic else ''}>{inside}{below}</li>"


def _title(node: Node) -> str:
    many = "any number of " if node.is_repeated else ""
    if node.kind is Kind.UNKNOWN and node.module is None:
        return f"{many}? from {node.source}"
    return f"{many}{node.module or node.name or '?'}"


def _lines(node: Node) -> Iterator[str]:
    if node.name is not None and node.name != node.module:
        yield f"as {node.name}"
    if settings := " · ".join(node.settings):
        yield settings


def _alone(one: Unsupervised) -> str:
    if one.started_by:
        return f"started by hand in {', '.join(one.started_by[:3])}"
    return "named where something may start it" if one.is_named else "nothing starts it"
