"""What a Docker build of a project must copy for Mix, asked of the project's own files."""

from __future__ import annotations

import re
from typing import NamedTuple

from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile

# A mix.exs that reads or loads other files needs them before it can be evaluated.
_READS_FILES = re.compile(rb"\b(?:File|Path|Code)\.\w|\bSystem\.cmd|require_file|eval_file")

# `import_config "../apps/*/config/config.exs"`, as old umbrellas have it
_IMPORTS_OF_APPS = re.compile(rb'^[^#\n]*\bimport_config[\s(]+"\.\./', re.MULTILINE)


class MixLayout(NamedTuple):
    """`copies` are the arguments of the COPYs that `mix deps.get` needs; one for each app of an umbrella."""

    copies: tuple[str, ...]


def mix_layout(context: FixContext, *, umbrella: bool) -> MixLayout | None:
    """None where `mix.exs`, `mix.lock` and `config/` are not enough: dependencies by path, files that read other
    files, and an umbrella that is not asked for."""
    mix = context.open("mix.exs")
    if mix is None or not _stands_alone(mix, "path", "in_umbrella"):
        return None
    if _IMPORTS_OF_APPS.search(context.read("config/config.exs") or b""):
        # The configuration lies with the apps, and only the sources bring it.
        return None
    locked = " mix.lock" if context.exists("mix.lock") else ""
    copies = [f"mix.exs{locked} ./"]
    if _has_key(mix, "apps_path"):
        apps = sorted(folder for folder in context.project.app_folders if folder)
        if not umbrella or not apps:
            return None
        for app in apps:
            own = context.open(f"{app}/mix.exs")
            if own is None or not _stands_alone(own, "path"):
                return None
            copies.append(f"{app}/mix.exs {app}/")
    return MixLayout(tuple(copies))


def _stands_alone(mix: ElixirFile, *keys: str) -> bool:
    if mix.error_spans or any(_has_key(mix, key) for key in keys):
        return False
    # Where an app keeps its build is no file that it reads.
    return _READS_FILES.search(mix.data) is None


def _has_key(mix: ElixirFile, name: str) -> bool:
    return any(
        key is not None and nodes.keyword_name(key, mix.data) == name
        for pair in nodes.descendants(mix.root, "pair")
        for key in [pair.child_by_field_name("key")]
    )


def copied_config(context: FixContext) -> str | None:
    """The COPY of the configuration that dependencies are compiled with; None when the project has none.

    `config/runtime.exs` stays out, so that a change of it compiles nothing: it comes with the sources.
    """
    if not context.exists("config/config.exs"):
        return None
    files = ["config/config.exs"]
    if context.exists("config/prod.exs"):
        files.append("config/prod.exs")
    imported = [
        name
        for path in files
        if (file := context.open(path)) is not None
        for call in file.calls("import_config")
        if call.args and (name := nodes.string_literal(call.args[0], file.data)) is not None
    ]
    if any(name not in ("prod.exs", "dev.exs", "test.exs") for name in imported):
        return "config config"
    return f"{' '.join(files)} config/"
