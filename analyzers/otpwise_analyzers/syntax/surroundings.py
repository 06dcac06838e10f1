"""What a file may ask of the project around it, and the answers when there is none."""

from __future__ import annotations

from typing import Protocol

import msgspec


class Expansion(msgspec.Struct, frozen=True, array_like=True):
    """What `use MyAppWeb, :controller` brings into a module: full module names."""

    uses: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    # short name -> full name
    aliases: dict[str, str] = msgspec.field(default_factory=dict)


class TemplateScope(msgspec.Struct, frozen=True):
    """What the names in a template mean: those of the module that it is compiled into."""

    module: str
    # short name -> full name
    aliases: dict[str, str] = msgspec.field(default_factory=dict)


class Surroundings(Protocol):
    """The part of a project that reading a single file needs."""

    def expansion(self, module: str, argument: str | None) -> Expansion | None:
        """What `use module, :argument` brings, when the project has that module."""

    def template_scope(self, path: str) -> TemplateScope | None:
        """The scope of a template's file, when it is known which module it is compiled into."""


class NoSurroundings:
    """A file on its own."""

    def expansion(self, module: str, argument: str | None) -> Expansion | None:
        return None

    def template_scope(self, path: str) -> TemplateScope | None:
        return None
