"""`otpwise check`: from the command line to the exit code."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from otpwise_analyzers.findings import Applicability
from otpwise_analyzers.project.loading import Sources
from otpwise_analyzers.source.document import Document, NotUtf8Error
from otpwise_cli.checking import Outcome, check_batch, shown
from otpwise_cli.places import place_in_file
from otpwise_cli.progress import Progress
from otpwise_cli.targets import Batch, Configurations, Problems, batch_of_text, batches

if TYPE_CHECKING:
    from otpwise_analyzers.bulk import Fixed
    from otpwise_cli.cache import Memory

STDIN = Path("-")


@dataclass(frozen=True, slots=True)
class Options:
    """The command line, as it was written."""

    paths: tuple[Path, ...] = ()
    fix: bool = False
    unsafe_fixes: bool = False
    diff: bool = False
    output_format: Literal["text", "concise", "json"] = "text"
    hints: bool = False
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    profile: str | None = None
    no_config: bool = False
    no_cache: bool = False
    stdin_filename: Path | None = None
    color: Literal["auto", "always", "never"] = "auto"

    @property
    def overrides(self) -> dict[str, Any]:
        """What is said here on top of `.otpwise.toml`."""
        return {"select": _names(self.select), "ignore": _names(self.ignore), "profile": self.profile}

    @property
    def is_stdin(self) -> bool:
        return STDIN in self.paths

    @property
    def changes(self) -> bool:
        """Whether fixes are taken at all, be it only to show what they would do."""
        return self.fix or self.diff

    @property
    def applicabilities(self) -> frozenset[Applicability]:
        """The fixes that may be taken. Scaffolds never: they leave a decision to the author."""
        unsafe = {Applicability.UNSAFE} if self.unsafe_fixes else set()
        return frozenset({Applicability.SAFE} | unsafe)

    def mistakes(self) -> Iterator[str]:
        """What does not go together."""
        if self.unsafe_fixes and not self.changes:
            yield "--unsafe-fixes says which fixes are taken: add --fix, or --diff to look at them first"
        if self.is_stdin and len(self.paths) > 1:
            yield "`-` is the only text then: name no other paths beside it"
        if self.stdin_filename is not None and not self.is_stdin:
            yield "--stdin-filename says where the text of standard input belongs: add `-` as the path"


def _names(written: tuple[str, ...]) -> list[str]:
    return [name for part in written for name in part.replace(",", " ").split()]


def run(options: Options) -> int:
    """Checks, fixes if asked to, reports, and returns the exit code."""
    problems = Problems()
    configurations = Configurations(options.overrides, problems, not options.no_config)
    mistakes = [*options.mistakes(), *configurations.mistakes()]
    for mistake in mistakes:
        complain(mistake)
    if mistakes:
        return 2
    # Syntax nodes come by the hundred thousand and are no garbage: at its usual pace the collector would
    # take a fifth of the time.
    gc.set_threshold(200_000, 20, 100)
    outcome = Outcome(problems)
    all_fixed: list[Fixed] = []
    with Progress(options.color != "never") as progress:
        work = _work(options, configurations, problems)
        progress.expect(sum(len(batch.indexed) + len(batch.checked) for batch, _ in work))
        for batch, text in work:
            sources = Sources(batch.root, in_project=batch.in_project)
            if text is not None:
                sources.hold(batch.checked[0], text)
            memory = _memory(batch, options)
            check_batch(batch, sources, outcome, progress.file, memory)
            if options.changes:
                all_fixed.append(_fix(batch, sources, outcome, options))
            if batch.is_text:
                outcome.text = sources.document(batch.checked[0])
    if not outcome.files and not problems.unread:
        complain(
            "no file that Otpwise reads is there, so nothing was checked: name a project, a folder or a file"
        )
    from otpwise_cli import output

    code = output.all_of(outcome, all_fixed, options)
    complain_of(outcome)
    return code


def _memory(batch: Batch, options: Options) -> Memory | None:
    """What is known of a project from the run before; nothing where files are changed, or lie in no project."""
    if options.no_cache or options.changes or batch.is_text or not batch.in_project:
        return None
    from otpwise_cli.cache import Memory

    return Memory(batch)


def _fix(batch: Batch, sources: Sources, outcome: Outcome, options: Options) -> Fixed:
    from otpwise_cli import fixing, writing

    fixed = fixing.fix_batch(batch, sources, outcome, options.applicabilities, options.hints)
    if not options.diff and not batch.is_text:
        problems, unwritten = writing.write_all(fixed)
        fixing.take_back(unwritten, fixed, batch, sources, outcome)
        outcome.unwritten.update(problems)
    return fixed


def _work(
    options: Options, configurations: Configurations, problems: Problems
) -> list[tuple[Batch, Document | None]]:
    """What is to be checked, with the text of standard input where that is asked for."""
    if not options.is_stdin:
        return [(batch, None) for batch in batches(options.paths or (Path(),), configurations, problems)]
    path = options.stdin_filename or Path("stdin.ex")
    try:
        document = Document.from_disk(sys.stdin.buffer.read())
    except NotUtf8Error as error:
        problems.on_unread(path, f"(standard input) is not UTF-8 ({error}): save it as UTF-8")
        return []
    return [(batch_of_text(path, configurations, problems), document)]


def complain(message: str) -> None:
    """Says something on standard error."""
    print(f"otpwise: {message}", file=sys.stderr)


def complain_of(outcome: Outcome) -> None:
    """Names on standard error what stood in the way, each thing once."""
    sys.stdout.flush()
    for path, problem in outcome.problems.unread:
        name = shown(path) or "."
        complain(f"{name}: {problem}" if problem.startswith("there is") else f"{name} {problem}")
    for path, problem in outcome.unwritten.items():
        complain(f"{shown(path)} {problem}")
    for mistake in outcome.problems.configuration:
        if mistake.path is None:
            complain(mistake.message)
        else:
            line, column = place_in_file(mistake.path, mistake.span)
            complain(f"{shown(mistake.path)}:{line}:{column}: {mistake.message}")
    rules: dict[str, int] = {}
    for failure in outcome.failures:
        rules[failure.rule] = rules.get(failure.rule, 0) + 1
    for failure in outcome.failures:
        files = rules.pop(failure.rule, 0)
        if files:
            more = f" and {files - 1} more file{'s' * (files != 2)}" if files > 1 else ""
            complain(
                f"{failure.rule} failed on {failure.path}{more} ({type(failure.error).__name__}: "
                f"{failure.error}); the other rules are not touched. This is a bug in Otpwise: please report "
                f"it, and go on with --ignore {failure.rule}"
            )
