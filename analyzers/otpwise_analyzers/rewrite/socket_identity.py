"""Who a socket belongs to: the assign that the project's sockets fill in `connect/3`."""

from __future__ import annotations

from typing import NamedTuple

from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Module

STRUCTS = ("current_user", "user", "current_account", "account", "current_customer", "customer", "member")
IDS = ("current_user_id", "user_id", "current_account_id", "account_id", "customer_id", "member_id")


class Identity(NamedTuple):
    """An assign, and whether it holds the identifier itself and not the struct."""

    key: str
    is_id: bool

    @property
    def value(self) -> str:
        """`socket.assigns.current_user`"""
        return f"socket.assigns.{self.key}"

    @property
    def id(self) -> str:
        """`socket.assigns.current_user.id`, or `socket.assigns.user_id`."""
        return self.value if self.is_id else f"{self.value}.id"

    @property
    def id_key(self) -> str:
        """`user_id`"""
        key = self.key.removeprefix("current_")
        return key if self.is_id else f"{key}_id"


def identity_of(ctx: FixContext, channel: Module) -> Identity | None:
    """The best of what the channel reads and what the sockets that mount it assign."""
    keys = _read_in(ctx.file)
    for socket in ctx.project.mounts_of(channel.name):
        located = ctx.project.module(socket)
        file = ctx.open(located.path) if located is not None else None
        if file is not None:
            keys |= _assigned_in(file)
    for key in STRUCTS:
        if key in keys:
            return Identity(key, False)
    for key in IDS:
        if key in keys:
            return Identity(key, True)
    return None


def _read_in(file: ElixirFile) -> set[str]:
    return {
        key
        for key in (*STRUCTS, *IDS)
        for call in file.calls(key)
        if call.receiver is not None and file.text(call.receiver).endswith(".assigns")
    }


def _assigned_in(file: ElixirFile) -> set[str]:
    found: set[str] = set()
    for call in file.calls("assign"):
        found.update(call.keywords)
        found.update(name for arg in call.args if (name := nodes.atom_literal(arg, file.data)) is not None)
    return found
