"""What a check prints on standard output, and what it writes."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from otpwise_analyzers.findings import Level
from otpwise_cli.checking import CheckedFile, Outcome, shown
from otpwise_cli.counts import plural

if TYPE_CHECKING:
    from rich.console import Console

    from otpwise_analyzers.bulk import Fixed
    from otpwise_cli.check import Options

# Rules that the last line names.
_NAMED = 4
_DIFF_STYLES = (("+++", "bold"), ("---", "bold"), ("@@", "cyan"), ("+", "green"), ("-", "red"))


def all_of(outcome: Outcome, fixed: Sequence[Fixed], options: Options) -> int:
    """Prints the findings, or the diff that fixes would make, and returns the exit code."""
    if options.diff:
        return _show_diff(outcome, fixed, options)
    if options.fix and options.is_stdin:
        _write_text(outcome)
    _report(outcome, options)
    if options.fix:
        _say_what_was_fixed(fixed, "fixed")
    return outcome.exit_code


def _write_text(outcome: Outcome) -> None:
    """Standard input goes to standard output, changed or not, as an editor's filter wants it."""
    if outcome.text is not None:
        sys.stdout.buffer.write(outcome.text.raw)
        sys.stdout.buffer.flush()


def _show_diff(outcome: Outcome, fixed: Sequence[Fixed], options: Options) -> int:
    from otpwise_cli import writing

    changed = sorted((file for part in fixed for file in part.files.values()), key=lambda file: file.path)
    console = console_for(options.color)
    if console.is_terminal and not console.no_color:
        from rich.text import Text

        for line in writing.diff(changed):
            style = next((style for start, style in _DIFF_STYLES if line.startswith(start)), "")
            console.print(Text(line, style), soft_wrap=True)
    else:
        # As it is, for `git apply`: rich would take a carriage return for a command.
        sys.stdout.flush()
        for line in writing.diff(changed):
            sys.stdout.buffer.write(f"{line}\n".encode())
    sys.stdout.flush()
    _say_what_was_fixed(fixed, "would be fixed")
    return outcome.trouble or (1 if changed else 0)


def _say_what_was_fixed(fixed: Sequence[Fixed], verb: str) -> None:
    from otpwise_cli.check import complain

    sys.stdout.flush()
    findings = sum(len(part.applied) for part in fixed)
    files = sum(len(part.files) for part in fixed)
    if findings:
        complain(
            f"{plural(findings, 'finding')} {verb} in {plural(files, 'file')}{_kinds(fixed)}{_rules(fixed)}"
        )
    for part in fixed:
        for rule, title, path in part.refused:
            complain(f"{shown(path)}: the fix “{title}” of {rule} was left out: the result would not parse")


def _kinds(fixed: Sequence[Fixed]) -> str:
    """` (1 new, 2 renamed)`, where there are such."""
    files = [file for part in fixed for file in part.files.values()]
    new = sum(file.old is None for file in files)
    renamed = sum(file.moved_from is not None for file in files)
    kinds = [f"{count} {kind}" for count, kind in ((new, "new"), (renamed, "renamed")) if count]
    return f" ({', '.join(kinds)})" if kinds else ""


def _rules(fixed: Sequence[Fixed]) -> str:
    """`: 3 of otp/missing-init, 1 of deploy/docker-root`, the most first; nothing where it is one rule alone."""
    counts = Counter(fix.rule for part in fixed for fix in part.applied)
    if len(counts) < 2:
        return ""
    named = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    more = f" and {plural(len(named) - _NAMED, 'rule')} more" if len(named) > _NAMED else ""
    return ": " + ", ".join(f"{count} of {rule}" for rule, count in named[:_NAMED]) + more


def _report(outcome: Outcome, options: Options) -> None:
    to_stderr = options.is_stdin and options.fix
    if options.output_format == "json":
        from otpwise_cli import report_json

        (sys.stderr if to_stderr else sys.stdout).write(report_json.text(outcome))
        return
    listed = _listed(outcome, options.hints)
    if options.output_format == "concise":
        from otpwise_cli import report_concise

        for line in report_concise.lines(outcome, listed, options.hints):
            print(line, file=sys.stderr if to_stderr else sys.stdout)
        return
    from otpwise_cli import report_text

    console = console_for(options.color, stderr=to_stderr)
    report_text.write(outcome, listed, options.hints, console)


def _listed(outcome: Outcome, hints: bool) -> list[CheckedFile]:
    """The files with the findings that are listed."""
    return [
        listed
        for checked in outcome.checked
        if (listed := checked if hints else checked.without(Level.HINT)).findings
    ]


def console_for(color: str, *, stderr: bool = False) -> Console:
    """Coloured when it is a terminal and NO_COLOR is not set, or as the user says."""
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:
            # rich would exit with 1, which means findings.
            raise BrokenPipeError

    return Output(
        stderr=stderr,
        highlight=False,
        markup=False,
        emoji=False,
        force_terminal=True if color == "always" else None,
        no_color=True if color == "never" else None,
    )
