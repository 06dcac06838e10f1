"""The calls that deliver a mail, and wait until the mail server has taken it."""

from __future__ import annotations

from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile

DELIVERIES = frozenset(
    {*("deliver", "deliver!", "deliver_now", "deliver_now!"), *("deliver_many", "deliver_many!")}
)
MAILERS = ("Swoosh.Mailer", "Bamboo.Mailer")
"""The modules that a mailer of the project `use`s."""


def mail_candidates(file: ElixirFile) -> list[Call]:
    """The calls with the name of a mailer's function on a module, or in a mailer on itself; in source order."""
    if b"deliver" not in file.data:
        return []
    present = [name for name in DELIVERIES if name.encode() in file.names]
    return [
        call
        for call in (file.calls(*present) if present else ())
        if not call.quoted and mailer_of(call) is not None
    ]


def mailer_of(call: Call) -> str | None:
    """The module that delivers, if it is a mailer: the receiver, or the module around a local call."""
    if call.receiver is not None:
        module = call.module
        return module if module is not None and call.all_args and not module.startswith(":") else None
    module_around = call.enclosing_module
    if module_around is None or module_around.defines(call.name):
        return None
    return module_around.name if any(use.module in MAILERS for use in module_around.uses) else None
