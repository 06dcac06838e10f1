"""Writes `System.fetch_env!` where a secret was written out."""

from __future__ import annotations

import re

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.build_config import Group, Use
from otpwise_analyzers.project.config_files import ConfigCall, config_calls
from otpwise_analyzers.project.env_reads import env_reads
from otpwise_analyzers.project.secrets import Secret
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.rewrite.config_entries import CannotRewriteError
from otpwise_analyzers.rewrite.config_taking import laid_out
from otpwise_analyzers.rewrite.runtime_config import Destination, moved
from otpwise_analyzers.rewrite.whole_text import change_between
from otpwise_analyzers.source.edits import Edit, Span, apply
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile

_GENERIC = frozenset({"Endpoint", "Repo"})


def variable_for(secret: Secret) -> str:
    """The environment variable for a secret: the one that is read already, or one named for what it is.

    `SECRET_KEY_BASE`; `MAILER_API_KEY` for `config :my_app, MyApp.Mailer, api_key: ...`.
    """
    if secret.read is not None and secret.read.name is not None:
        return secret.read.name
    name = secret.name.upper()
    if name == "SECRET_KEY_BASE" or len(secret.path) < 2:
        return name
    owner = secret.path[-2] if len(secret.path) > 2 else secret.path[0]
    last = owner.rpartition(".")[2]
    if last in _GENERIC:
        return "DATABASE_PASSWORD" if last == "Repo" and name == "PASSWORD" else name
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", last).upper()
    return name if name.startswith(f"{words}_") or (len(secret.path) == 2) else f"{words}_{name}"


def read_secret(_context: FixContext, secret: Secret, name: str) -> Change | None:
    """`System.fetch_env!` in the place of a secret, and of the read that it is the default of."""
    file, span = secret.file, secret_span(secret)
    if span is None:
        return None
    new = f'System.fetch_env!("{name}")'
    start = span.start
    before = file.data[:start].rstrip()
    if before.endswith(b"=") and layout.starts_line(file, start):
        # The value stood below its name, for it was too long for one line.
        start, new = len(before), f" {new}"
    changed = ElixirFile(file.path, apply(file.data, [Edit(start, span.end, new)]))
    call = _found_again(changed, secret)
    edit = laid_out(call) if call is not None else None
    text = apply(changed.data, [edit]) if edit is not None else changed.data
    line = text[text.rfind(b"\n", 0, start + 1) + 1 :].split(b"\n")[0]
    return (change_between(file.path, file.data, text),) if layout.fits(line.decode("utf-8")) else None


def _found_again(changed: ElixirFile, secret: Secret) -> ConfigCall | None:
    """The `config` call of a secret, after its value was replaced."""
    if secret.call is None:
        return None
    at = secret.call.node.start_byte
    return next((one for one in config_calls(changed) if one.node.start_byte == at), None)


def secret_span(secret: Secret) -> Span | None:
    """What makes way for the read: the literal, and the read that it is the default of."""
    node = secret.node
    if secret.read is not None:
        outer = secret.read.node
        if not nodes.encloses(outer, node):
            parent = outer.parent
            if parent is None or parent.child_by_field_name("right") != node:
                return None
            outer = parent
        node = outer
    return Span(node.start_byte, node.end_byte)


def move_secret(context: FixContext, secret: Secret, name: str, where: Destination) -> Change | None:
    """The option of a secret as a read of the environment in the file that is evaluated at start."""
    file, span = secret.file, secret_span(secret)
    if span is None or secret.call is None:
        return None
    changed = ElixirFile(
        file.path, apply(file.data, [Edit(*span, f'System.fetch_env!("{name}")')]), project=file.project
    )
    call = _found_again(changed, secret)
    reads = [read for read in env_reads(changed) if read.node.start_byte == span.start]
    if call is None or not reads:
        return None
    target = context.open(where.path)
    try:
        before, after = moved(changed, Group(reads, [Use(call, secret.path)]), target, where)
    except CannotRewriteError:
        return None
    return (
        change_between(file.path, file.data, before),
        change_between(where.path, target.data if target is not None else None, after),
    )
