"""config/env-in-module-attribute"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level
from otpwise_analyzers.project import places
from otpwise_analyzers.project.compile_time import Form, Place, place_in_body
from otpwise_analyzers.project.env_reads import READERS, EnvRead, env_reads
from otpwise_analyzers.rewrite.attribute_function import attribute_to_function
from otpwise_analyzers.rules.base import FixNote, Impact, Reference, Rule
from otpwise_analyzers.rules.config.env_in_module_attribute_examples import CORRECT, INCORRECT
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile


class EnvInModuleAttribute(Rule):
    name = "config/env-in-module-attribute"
    summary = "an environment variable is read while a module is compiled"
    impact = Impact.MEDIUM
    detects = """
        `System.get_env`, `System.fetch_env` and `System.fetch_env!` in a module attribute, in the options of a
        `use`, in the condition of an `if` in a module's body and in a variable there.
    """
    why = """
        A module's body runs once, where the code is compiled. The attribute holds what the variable was on that
        machine, mostly nothing, for as long as the compiled module lives: setting the variable where the
        application runs changes nothing, and neither does a restart. Mix does not compile the module again when
        the variable changes.
    """
    fine_when = """
        The variable says something of the build (`MIX_ENV`, `GIT_SHA`), it decides what is built (an `if` in a
        module's body is a hint only), or the module tells Mix by `__mix_recompile__?/0` when to compile it
        again. Functions, `quote`, and the do blocks of macros that run
        later, such as the routes of `Plug.Router`, are never flagged.
    """
    trade_off = """
        The variable is read with each call: some 100 nanoseconds. What is needed more often belongs into
        `config/runtime.exs`, and is read by `Application.get_env`.
    """
    fix_note = FixNote(
        writes="The attribute becomes a private function at the end of the module, each `@name` a call of it.",
        because=(
            "Unsafe: the variable is read with each call instead of once at the build, so its value may "
            "differ, and a conversion may raise later than it did."
        ),
        leaves=(
            "Not offered where the value is needed while the module compiles (a pattern, a guard, another "
            "attribute, a `quote`), where the attribute is set twice, or where the read stands in a `use`."
        ),
    )
    references = (
        Reference(
            "Elixir: application environment at compile time",
            "https://hexdocs.pm/elixir/Application.html#module-compile-time-environment",
        ),
    )
    calls = frozenset(READERS)
    needles = (b"System.",)
    incorrect = INCORRECT
    correct = CORRECT

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path):
            return
        for read in env_reads(file):
            place = place_in_body(read.call)
            module = read.call.enclosing_module
            if place is None or module is None or read.is_of_the_build:
                continue
            if module.defines("__mix_recompile__?") or _is_under_a_switch(file, read):
                continue
            fixes = []
            if place.form is Form.ATTRIBUTE:
                build = partial(attribute_to_function, module=module, node=place.node)
                fixes.append(Fix("Read it when it is needed, in a function", Applicability.UNSAFE, build))
            elif place.form is Form.USE and _generates_code(file, place):
                continue
            # A switch in a module's body is mostly one for the build.
            loud = place.form is Form.ATTRIBUTE and not file.project.is_package
            yield self.finding(
                read.node, _message(file, read, place), Level.WARNING if loud else Level.HINT, fixes=fixes
            )


def _is_under_a_switch(file: ElixirFile, read: EnvRead) -> bool:
    """Whether the code is only there where the same variable was set: it is meant for the build."""
    for ancestor in nodes.ancestors(read.node):
        if ancestor.type != "call" or nodes.child_of_type(ancestor, "do_block") is None:
            continue
        condition = nodes.first_argument(ancestor)
        if condition is None or nodes.encloses(condition, read.node):
            continue
        if any(
            nodes.encloses(condition, other.node) and other.name == read.name for other in env_reads(file)
        ):
            return True
    return False


def _generates_code(file: ElixirFile, place: Place) -> bool:
    """Whether a `use` is of a module that makes functions out of data: what it is given is for the build."""
    used = nodes.first_argument(place.node)
    return used is not None and file.module_name(used) in ("Cldr", "Gettext", "Gettext.Backend")


def _message(file: ElixirFile, read: EnvRead, place: Place) -> str:
    name = f"`{read.name}`" if read.name is not None else "The environment"
    if place.form is Form.ATTRIBUTE:
        operand = place.node.child_by_field_name("operand")
        target = operand.child_by_field_name("target") if operand is not None else None
        attribute = nodes.identifier(target, file.data)
        return (
            f"{name} is read while the module is compiled, and `@{attribute}` keeps what it was there: setting it "
            "where the application runs changes nothing."
        )
    return (
        f"{name} is read while the module is compiled: setting it where the application runs changes nothing."
    )
