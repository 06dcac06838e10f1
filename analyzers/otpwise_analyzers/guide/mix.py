"""What stands in a mix.exs."""

from __future__ import annotations

from dataclasses import dataclass

from otpwise_analyzers.guide.token import Token
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile


def is_mix_file(file: ElixirFile) -> bool:
    return file.path.rpartition("/")[2] == "mix.exs"


@dataclass(frozen=True)
class Dependency:
    """`{:name, "~> 1.0"}` in the list of dependencies."""

    name: str

    @property
    def words(self) -> frozenset[str]:
        return frozenset({f":{self.name}"})

    def match(self, token: Token) -> Span | None:
        parent = token.node.parent
        if not is_mix_file(token.file) or parent is None or parent.type != "tuple":
            return None
        outer = parent.parent
        if nodes.named(parent)[0] != token.node or outer is None or outer.type != "list":
            return None
        return token.span
