"""Servers that keep values by key in a map: what all of their callbacks do to that map.

The map is the server's whole state or one field of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from tree_sitter import Node

from otpwise_analyzers.project.state_changes import Handling, StateFollower, Step
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.modules import Definition, Module

CALLBACKS = (("handle_call", 3), ("handle_cast", 2), ("handle_info", 2), ("handle_continue", 2))


@dataclass(slots=True)
class Store:
    """A server's callbacks, when all of them tell what they do to the state."""

    module: Module
    handlings: list[Handling]

    def steps(self, place: str) -> list[tuple[Handling, Step]]:
        """The changes of the map at a place, in source order."""
        return [
            (handling, step)
            for handling in self.handlings
            for step in dict.fromkeys(handling.steps)
            if step.place == place
        ]

    @property
    def all_steps(self) -> list[Step]:
        """The changes of all maps, in source order."""
        return list(dict.fromkeys(step for handling in self.handlings for step in handling.steps))

    @property
    def places(self) -> list[str]:
        """The places at which something is kept under a key that is only known at run time."""
        return list(
            dict.fromkeys(
                step.place
                for handling in self.handlings
                for step in handling.steps
                if step.key is not None and not is_fixed(step.key)
            )
        )


def store_of(module: Module) -> Store | None:
    """The server's callbacks; None when one of them does not tell what it does to the state."""
    handlings = [handling_of(clause) for name, arity in CALLBACKS for clause in module.clauses(name, arity)]
    if not handlings or not all(handling.is_known for handling in handlings):
        return None
    return Store(module, handlings)


def is_fixed(key: Node) -> bool:
    """Whether a key is written out: a literal or an attribute."""
    return key.type in (
        *("atom", "string", "integer", "float", "boolean", "nil", "alias", "charlist", "char"),
    ) or nodes.is_operator(key, "@")


def handling_of(clause: Definition) -> Handling:
    """What a clause of a callback does to the state."""
    return StateFollower(clause.file).handling(clause)


def agent_steps(module: Module) -> list[Step] | None:
    """The changes that a module makes to the state of its Agent; None when one of them is not known."""
    file = module.file
    found: list[Step] = []
    for call in file.calls("update", "cast", "get_and_update"):
        if call.module != "Agent" or call.enclosing_module is not module:
            continue
        if len(call.all_args) < 2 or call.all_args[1].type not in ("anonymous_function", "unary_operator"):
            return None
        state = StateFollower(file).changes(call.all_args[1])
        if state is None:
            return None
        found.extend(state.steps)
    return found
