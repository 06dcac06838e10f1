"""The command `otpwise`. Each subcommand imports what it needs when it runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

_LEVELS = "error, warning, information, hint"


class _Version(click.Group):
    pass


def _print_version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        from otpwise_analyzers import __version__

        click.echo(f"otpwise {__version__}")
        context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="Show the version.",
)
def cli() -> None:
    """Otpwise shows Elixir and Phoenix code where it departs from what a senior BEAM engineer would write,
    says why, and rewrites it."""


_NAMES = "RULE,..."


@cli.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--fix", is_flag=True, help="Apply the safe fixes of the listed findings.")
@click.option("--unsafe-fixes", is_flag=True, help="Apply the unsafe fixes too; never the scaffolds.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@click.option(
    "--output-format",
    type=click.Choice(["text", "concise", "json"]),
    default="text",
    help="With code frames, one line a finding, or JSON as docs/json.md describes it.",
)
@click.option("--hints", is_flag=True, help="List the findings of level hint too.")
@click.option("--select", multiple=True, metavar=_NAMES, help="Run only these rules or families.")
@click.option("--ignore", multiple=True, metavar=_NAMES, help="Leave these rules or families out.")
@click.option("--profile", type=click.Choice(["recommended", "strict"]), help="How the rules are graded.")
@click.option("--no-config", is_flag=True, help="Read no .otpwise.toml.")
@click.option(
    "--stdin-filename", type=click.Path(path_type=Path), help="With `-`: the path that the text would have."
)
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours in the output."
)
def check(**options: object) -> None:
    """Check files, folders and projects (the current folder when none is named; `-` for standard input).

    \b
    Exit codes: 0 no finding above hint, 1 findings, 2 a mistake in the command, the configuration or
    in Otpwise itself, 3 some file could not be read.
    """
    from otpwise_cli.check import Options, run

    sys.exit(run(Options(**options)))  # type: ignore[arg-type]


def main() -> None:
    """The console script."""
    try:
        cli(prog_name="otpwise")
    except BrokenPipeError:
        # Whoever read our output has seen enough. Python must not try to flush the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
