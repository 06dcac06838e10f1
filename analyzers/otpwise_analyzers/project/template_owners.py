"""Which module a template's file is compiled into, and what names mean there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import Protocol

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.modules import Module

# `use MyAppWeb, :view` and the like; other atoms bring nothing that renders.
_RENDERING = re.compile(r"(\w+_)?(view|html|live_view|live_component|component|components|email|mail)")
_RENDERING_MODULES = ("Phoenix.View", "Phoenix.Component", "Phoenix.LiveView", "Phoenix.LiveComponent")


def embedded_templates(module: Module) -> tuple[str, ...]:
    """The patterns of `embed_templates`, relative to the project's root."""
    file = module.file
    if b"embed_templates" not in file.names:
        return ()
    found = []
    for call in file.calls("embed_templates"):
        if not call.is_local or call.enclosing_module is not module or not call.args:
            continue
        pattern = nodes.string_literal(call.args[0], file.data)
        root = call.keywords.get("root")
        folder = nodes.string_literal(root, file.data) if root is not None else posixpath.dirname(file.path)
        if pattern is not None and folder is not None:
            found.append(posixpath.normpath(posixpath.join(folder, pattern)))
    return tuple(found)


def template_aliases(module: Module) -> dict[str, str]:
    """The aliases of a module that templates may be compiled into, as they are at its end; else none."""
    if not any(_renders(use.module, use.argument) for use in module.uses):
        return {}
    block = module.do_block
    return module.file.aliases.visible(block.end_byte - 1) if block is not None else {}


def _renders(used: str, argument: str | None) -> bool:
    if argument is not None:
        return _RENDERING.fullmatch(argument) is not None
    return used in _RENDERING_MODULES or used.endswith("Web")


class _Facts(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def embeds(self) -> tuple[str, ...]: ...


class TemplateOwners:
    """The modules of a project by the templates that they may hold.

    `modules` gives each with the path of its file.
    """

    def __init__(self, modules: Iterable[tuple[str, _Facts]]) -> None:
        self._by_path: dict[str, list[str]] = {}
        self._embeds: list[tuple[re.Pattern[str], str]] = []
        self._views: dict[str, list[tuple[str, str]]] = {}
        for path, facts in modules:
            self._by_path.setdefault(path, []).append(facts.name)
            self._embeds.extend((_expression(pattern), facts.name) for pattern in facts.embeds)
            last = facts.name.rpartition(".")[2]
            if last.endswith("View"):
                self._views.setdefault(last, []).append((facts.name, path))

    def owner(self, template: str) -> str | None:
        """The module that a template belongs to, by path relative to the root; None when that is not known."""
        folder, _, name = template.rpartition("/")
        stem = f"{folder}/{name.partition('.')[0]}"
        # A LiveView's own, beside it.
        beside = self._by_path.get(f"{stem}.ex")
        if beside is not None:
            return beside[0]
        with_format = f"{folder}/{name.rpartition('.')[0]}"
        for pattern, module in self._embeds:
            if pattern.fullmatch(stem) is not None or pattern.fullmatch(with_format) is not None:
                return module
        # `UserView` is meant by `templates/user`, and not `Admin.UserView`.
        views = sorted(self._views_of(folder), key=lambda view: view.count("."))
        if len(views) > 1 and views[0].count(".") == views[1].count("."):
            return None
        return views[0] if views else None

    def _views_of(self, folder: str) -> Iterator[str]:
        """`MyAppWeb.Admin.UserView` of `lib/my_app_web/templates/admin/user`."""
        before, found, inside = f"{folder}/".rpartition("/templates/")
        if not found or not inside:
            return
        parts = [_camel(part) for part in inside.strip("/").split("/")]
        wanted = f"{'.'.join(parts)}View"
        for name, path in self._views.get(f"{parts[-1]}View", ()):
            if (name == wanted or name.endswith(f".{wanted}")) and path.startswith(f"{before}/"):
                yield name


def _expression(pattern: str) -> re.Pattern[str]:
    """A pattern of `Path.wildcard/1`, of which `*` and `**` are known."""
    parts = (
        {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}.get(part, re.escape(part))
        for part in re.split(r"(\*\*/|\*|\?)", pattern)
    )
    return re.compile("".join(parts))


def _camel(word: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in word.split("_"))
