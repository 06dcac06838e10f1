"""`config/runtime.exs` where `mix release` finds it."""

from __future__ import annotations

import fnmatch
import posixpath

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.images import ElixirImage, MixTask, copied_from_context, takes_everything
from otpwise_analyzers.rewrite.dockerfile_edits import before, change_of, named
from otpwise_analyzers.syntax.dockerfile import DockerFile, Instruction, Stage


def is_left_out(image: ElixirImage, runtime: str) -> bool:
    """Whether single files of `config/` are copied into the stage of the release, and never this one."""
    release = image.release
    stage = release.instruction.stage if release is not None else None
    if release is None or stage is None:
        return False
    copies = [
        copy
        for base in stage.bases
        for copy in base.named("COPY", "ADD")
        if base is not stage or copy.span.end <= release.instruction.span.start
    ]
    own = [copy for base in stage.bases for copy in copied_from_context(base) if copy in copies]
    return any(map(_takes_a_config_file, own)) and not any(_may_bring(copy, runtime) for copy in copies)


def copied(file: DockerFile, stage: Stage, release: MixTask, runtime: str) -> Change | None:
    """The file copied in front of the release; None where the layout of `config/` in the stage is another."""
    if stage.has_error or runtime != f"config/{posixpath.basename(runtime)}":
        return None
    copies = [copy for copy in copied_from_context(stage) if _takes_a_config_file(copy)]
    if not copies or posixpath.normpath(copies[-1].target).split("/")[0] != "config":
        return None
    if any(source != posixpath.normpath(source) or source.count("/") > 1 for source in copies[-1].sources):
        return None
    return (change_of(file, [before(release.instruction, f"{named(file, 'COPY')} {runtime} config/\n")]),)


def _takes_a_config_file(copy: Instruction) -> bool:
    return any(
        posixpath.basename(posixpath.dirname(source)) == "config" and source.endswith(".exs")
        for source in copy.sources
    )


def _may_bring(copy: Instruction, runtime: str) -> bool:
    """Whether a copy may have the file in it; folders that other stages made may have anything."""
    name = posixpath.basename(runtime)
    if posixpath.basename(copy.target) == name or takes_everything(copy):
        return True
    for source in copy.sources:
        last = posixpath.basename(posixpath.normpath(source))
        if last == "config" or last.startswith("<<"):
            return True
        folder = posixpath.basename(posixpath.dirname(source))
        if fnmatch.fnmatchcase(name, last) and folder in ("config", "", "*"):
            return True
        if "from" in copy.flags and not posixpath.splitext(last)[1]:
            target = posixpath.normpath(copy.target)
            if target in (".", "/", "config") or target.endswith("/config"):
                return True
    return False
