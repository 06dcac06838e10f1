"""What a Docker build of a project must copy for Mix, asked of the project's own files."""

from __future__ import annotations

import re

from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.syntax import nodes

# A mix.exs that reads or loads other files needs them before it can be evaluated.
_READS_FILES = re.compile(rb"\b(?:File|Path|Code)\.\w|\bSystem\.cmd|require_file|eval_file")


def is_plain_project(context: FixContext) -> bool:
    """Whether `mix.exs` and `mix.lock` are all that `mix deps.get` needs: no umbrella, no dependency by path."""
    mix = context.open("mix.exs")
    if mix is None or mix.root.has_error or _READS_FILES.search(mix.data):
        return False
    for pair in nodes.descendants(mix.root, "pair"):
        key = pair.child_by_field_name("key")
        if key is not None and nodes.keyword_name(key, mix.data) in ("path", "apps_path", "in_umbrella"):
            return False
    return True


def mix_files(context: FixContext) -> str:
    """`mix.exs mix.lock`, or the first alone when nothing is locked."""
    return "mix.exs mix.lock" if context.exists("mix.lock") else "mix.exs"


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
