"""config/compile-time-env"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level, Related
from otpwise_analyzers.project.build_config import Group, groups_of, is_build_file
from otpwise_analyzers.project.config_files import EVERY, RUNTIME_FILES, environments_at, overlap
from otpwise_analyzers.project.env_reads import READERS, EnvRead
from otpwise_analyzers.rewrite.runtime_config import (
    Destination,
    destination,
    drop_group,
    environment_of_group,
    move_group,
)
from otpwise_analyzers.rules.base import FixNote, Impact, Reference, Rule
from otpwise_analyzers.rules.config.compile_time_env_examples import CORRECT, INCORRECT
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.file import ElixirFile


class CompileTimeEnv(Rule):
    name = "config/compile-time-env"
    summary = "a release keeps the environment of the machine that built it"
    impact = Impact.MEDIUM
    detects = """
        `System.get_env` and `System.fetch_env!` in `config/config.exs`, `config/prod.exs`,
        `config/prod.secret.exs` and `config/staging.exs`, in an umbrella also in those of its apps, one finding
        for a `config` call. Of a project that shows no sign of a release it is a hint: no
        `config/runtime.exs`, no `releases:` in `mix.exs`, no `mix release` in a Dockerfile, no `rel/`.
    """
    why = """
        These files are evaluated once, while the release is built. What `DATABASE_URL` is there, mostly
        nothing, is written into the release's `sys.config`, and the variables of the machine that runs it are
        never looked at. The same image can then not serve staging and production, and a secret that is set
        for the build lies readable in the image. `config/runtime.exs` (Elixir 1.11) is evaluated on each
        start.
    """
    fine_when = """
        The application is started by Mix on the machine itself (`mix phx.server`), or the value belongs to the
        build. Variables such as `MIX_ENV`, `GIT_SHA` and `APP_VERSION`, options that are read while code is
        compiled (`force_ssl`, whatever a module takes by `Application.compile_env`), and values that
        `config/runtime.exs` sets again are let be.
    """
    trade_off = """
        A variable that is missing is noticed when the release starts, not when it is built.
    """
    fix_note = FixNote(
        writes=(
            "The options move into `config/runtime.exs`, under `if config_env() == :prod do` (the file is "
            "created where there is none), into the `config` call for the same key where there is one, with "
            "the variables and comments that only they need. A default stays. Without one, a secret and what "
            "the repo or the endpoint cannot do without are read by `System.fetch_env!`. What "
            "`config/runtime.exs` sets anyhow is removed."
        ),
        because=(
            "Unsafe: the value is read when the release starts instead of when it is built, which is the "
            "point, and a missing variable stops the start with its name instead of giving nil."
        ),
        leaves=(
            "Values that use variables bound elsewhere in the file, modules that are not Elixir's own, or "
            "paths of the building machine; options that something reads while it compiles; `config/dev.exs` "
            "and `config/test.exs`. With an Elixir below 1.11 there is no file to move to, and no fix."
        ),
    )
    references = (
        Reference(
            "Mix.Tasks.Release: runtime configuration",
            "https://hexdocs.pm/mix/Mix.Tasks.Release.html#module-runtime-configuration",
        ),
        Reference("Config: config/runtime.exs", "https://hexdocs.pm/elixir/Config.html"),
    )
    calls = frozenset(READERS)
    needles = (b"System",)
    incorrect = INCORRECT
    correct = CORRECT

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not is_build_file(file):
            return
        for group in groups_of(file):
            yield self._finding(file, group)

    def _finding(self, file: ElixirFile, group: Group) -> Finding:
        first, *others = group.reads
        released = file.project.is_released
        return self.finding(
            first.node,
            _message(file, group, released=released),
            Level.INFORMATION if released and not group.repeats else Level.HINT,
            related=[
                Related(Span(one.node.start_byte, one.node.end_byte), f"{_name(one)} is read here too.")
                for one in others
            ],
            fixes=_fixes(file, group),
        )


def _name(read: EnvRead) -> str:
    return f"`{read.name}`" if read.name is not None else "The environment"


def _message(file: ElixirFile, group: Group, *, released: bool) -> str:
    names = list(dict.fromkeys(_name(read) for read in group.reads))
    if len(names) > 3:
        names = [*names[:2], f"{len(names) - 2} more"]
    subject = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    verb = "is" if len(names) == 1 else "are"
    if group.repeats:
        runtime = file.project.configuration.runtime
        return (
            f"{subject} {verb} read while the release is built, and `{runtime}` sets the same when it starts: "
            "what is read here has no effect there."
        )
    if released:
        return (
            f"{subject} {verb} read while the release is built: what is set on the machine that runs it is "
            "never looked at."
        )
    return (
        f"{subject} {verb} read when this file is evaluated. For a release that is at build time, on another "
        "machine than the one that runs it."
    )


def _fixes(file: ElixirFile, group: Group) -> list[Fix]:
    environment = environment_of_group(group)
    if environment is None:
        return []
    if group.repeats:
        return [
            Fix("Remove what is set again at start", Applicability.UNSAFE, partial(drop_group, group=group))
        ]
    where = destination(file.project, environment)
    if where is None:
        return []
    fixes = [_fix(f"Read it at start, in {where.path}", group, where)]
    if where.environment is not None and _counts_everywhere(file, group):
        everywhere = Destination(where.path, None)
        fixes.append(_fix(f"Read it at start, in {where.path}, in every environment", group, everywhere))
    return fixes


def _fix(title: str, group: Group, where: Destination) -> Fix:
    return Fix(title, Applicability.UNSAFE, partial(move_group, group=group, where=where))


def _counts_everywhere(file: ElixirFile, group: Group) -> bool:
    """Whether the values count in development and tests too, where no other file sets them."""
    environments, _ = environments_at(file, group.calls[0].node)
    others = [
        facts
        for path, facts in file.project.configuration.files.items()
        if path != file.path and posixpath.basename(path) not in RUNTIME_FILES
    ]
    return environments == EVERY and not any(
        overlap(setting.path, use.path)
        for facts in others
        for setting in facts.settings
        for use in group.uses
    )
