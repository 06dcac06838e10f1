"""config/app-env-in-module-body"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level
from otpwise_analyzers.project import places
from otpwise_analyzers.project.compile_time import ConfigRead, Form, Place, config_reads, place_in_body
from otpwise_analyzers.project.env_reads import READERS
from otpwise_analyzers.rewrite.attribute_function import attribute_to_function
from otpwise_analyzers.rewrite.compile_env import compile_env, compiled_path, is_set_at_start, may_compile
from otpwise_analyzers.rewrite.runtime_config import is_secret
from otpwise_analyzers.rules.base import FixNote, Impact, Reference, Rule
from otpwise_analyzers.rules.config.app_env_in_module_body_examples import CORRECT, INCORRECT
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile


class AppEnvInModuleBody(Rule):
    name = "config/app-env-in-module-body"
    summary = "the application's configuration is read while a module is compiled"
    impact = Impact.MEDIUM
    detects = """
        `Application.get_env`, `fetch_env` and `fetch_env!` in a module attribute, in the options of a `use`, in
        the condition of an `if` in a module's body and in a variable there.
    """
    why = """
        The module keeps what the configuration was while it was compiled. What `config/runtime.exs` sets comes
        too late for it, without a word. `Application.compile_env` (Elixir 1.10) reads the same, but Mix compiles
        the module again when the value changes, and a release whose configuration differs at start refuses to
        start. Elixir 1.14 and newer warn of `get_env` in a module's body themselves.
    """
    fine_when = """
        Never quite: `compile_env` says what is meant. Functions, `quote` and the do blocks of macros that run
        later are not flagged.
    """
    trade_off = """
        `compile_env` fixes the value for the build: what differs between the places where one release runs has
        to be read in a function.
    """
    fix_note = FixNote(
        writes=(
            "`Application.get_env` becomes `Application.compile_env` with the same path and default "
            "(`fetch_env!` becomes `compile_env!`), `[:key]` behind the call a part of the path. Or, as a "
            "second action, the attribute becomes a private function at the end of the module and each "
            "`@name` a call of it."
        ),
        because=(
            "`compile_env` is safe: it is offered where the key is literal, `mix.exs` asks for Elixir 1.10 or "
            "newer and `config/runtime.exs` does not set the key, so that the value is the same, and a "
            "release refuses to start when it is not. In the arguments of a `use` it is unsafe, for the macro "
            "may put the call into a function, where it raises. The function is unsafe: it reads with each "
            "call, and a changed setting counts from then on."
        ),
        leaves=(
            "Secrets are offered the function first. Not offered where something needs the value while the "
            "module compiles (a pattern, a guard, another attribute, a `quote`), and where the attribute is "
            "set twice."
        ),
    )
    references = (
        Reference("Application.compile_env/3", "https://hexdocs.pm/elixir/Application.html#compile_env/3"),
    )
    mirrors = ("Credo.Check.Warning.ApplicationConfigInModuleAttribute",)
    calls = frozenset(READERS)
    needles = (b"Application.",)
    incorrect = INCORRECT
    correct = CORRECT

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path):
            return
        for read in config_reads(file, *READERS):
            place = place_in_body(read.call)
            if place is None or len(read.call.all_args) < 2:
                continue
            late = read.path is not None and is_set_at_start(file.project, read.path)
            yield self.finding(
                read.node,
                _message(file, read, place, late=late),
                Level.WARNING if late else Level.INFORMATION,
                fixes=_fixes(file, read, place),
            )


def _message(file: ElixirFile, read: ConfigRead, place: Place, *, late: bool) -> str:
    behind = file.data[read.call.expression.end_byte : read.node.end_byte].decode("utf-8", "replace")
    written = re.sub(r"\s+", " ", file.text(read.call.all_args[1]) + behind)
    key = f"`{written}`" if len(written) <= 60 else "The configuration"
    holder = _attribute(file, place)
    if late:
        runtime = file.project.configuration.runtime or "config/runtime.exs"
        return (
            f"{key} is read while the module is compiled, before `{runtime}` sets it: {holder} never has that "
            "value."
        )
    return (
        f"{key} is read while the module is compiled, and {holder} keeps it: a later change of the configuration "
        "goes unnoticed. `Application.compile_env` would notice."
    )


def _attribute(file: ElixirFile, place: Place) -> str:
    operand = place.node.child_by_field_name("operand") if place.form is Form.ATTRIBUTE else None
    target = operand.child_by_field_name("target") if operand is not None else None
    name = nodes.identifier(target, file.data) if target is not None else None
    return f"`@{name}`" if name is not None else "the module"


def _fixes(file: ElixirFile, read: ConfigRead, place: Place) -> list[Fix]:
    fixes = []
    path = compiled_path(read)
    module = read.call.enclosing_module
    if place.form is Form.ATTRIBUTE and module is not None:
        build = partial(attribute_to_function, module=module, node=place.node)
        fixes.append(Fix("Read it when it is needed, in a function", Applicability.UNSAFE, build))
    if path is not None and may_compile(file.project, path):
        # A `use` may put the expression into a function, where `compile_env` raises.
        applicability = Applicability.UNSAFE if place.form is Form.USE else Applicability.SAFE
        fix = Fix("Read it by Application.compile_env", applicability, partial(compile_env, read=read))
        fixes.insert(len(fixes) if is_secret(path[-1]) else 0, fix)
    return fixes
