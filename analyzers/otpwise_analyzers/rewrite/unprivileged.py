"""The image of a release that runs as `nobody`."""

from __future__ import annotations

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.images import ElixirImage, workdir_at
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.dockerfile_edits import before, change_of, lines_of, named
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax.dockerfile import Instruction

USER = "nobody"
OWNER = f"{USER}:root"
TODO = "# TODO: name the other folders that the app writes to, such as uploads and volumes\n"


def unprivileged(image: ElixirImage, said: Instruction | None, context: FixContext) -> Change | None:
    """The change that ends the image with `nobody`; `said` is the USER that names root, if there is one."""
    file, final = image.file, image.final
    if image.start is None or image.start.stage is not final or final.has_error or image.release is None:
        return None
    if said is not None and said.stage is not final:
        return None
    builder = image.release.instruction.stage
    edits: list[Edit] = []
    for copy in final.named("COPY"):
        origin = file.stage_named(copy.flags.get("from", ""))
        if origin is not None and origin is builder and "chown" not in copy.flags:
            flag = next(word for word in copy.words if word.text.startswith("--from="))
            edits.append(Edit(flag.span.end, flag.span.end, f" --chown={OWNER}"))
    folder = workdir_at(image.start)
    owned = f"{named(file, 'RUN')} chown {USER} {folder}\n" if folder != "/" else ""
    lines = f"{TODO}{owned}{named(file, 'USER')} {USER}\n"
    if said is not None:
        if any(one.name == "RUN" for one in final.instructions if one.span.start > said.span.start):
            return None
        start, end = lines_of(said)
        edits.append(Edit(start, end, lines))
    else:
        ends = [one for one in final.instructions if one.name in ("ENTRYPOINT", "CMD")]
        if any(one.name == "RUN" for one in final.instructions if one.span.start > ends[0].span.start):
            return None
        edits.append(before(ends[0], lines))
    return (change_of(file, edits),)
