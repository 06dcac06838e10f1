"""The command `otpwise`. Each subcommand imports what it needs when it runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

import click

_NAMES = "RULE,..."

_color = click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", help="Colours in the output."
)


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


@cli.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--fix", is_flag=True, help="Apply the safe fixes of the listed findings.")
@click.option(
    "--unsafe-fixes", is_flag=True, help="With --fix or --diff: the unsafe fixes too; never scaffolds."
)
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
@click.option("--no-cache", is_flag=True, help="Check every file, and keep nothing for the next time.")
@click.option("--stdin-filename", type=click.Path(path_type=Path), help="With `-`: where the text belongs.")
@_color
def check(**options: object) -> None:
    """Check files, folders and projects.

    Without PATHS the current folder; `-` is standard input. The whole project of a file is read in any
    case, since rules look across files. Hints are counted but not listed, and never make the command fail.
    What was found is kept in the user's cache folder, or in OTPWISE_CACHE_DIR, and what cannot have changed
    is not checked again.

    \b
    Exit codes
      0  no finding above hint
      1  findings (with --diff: something would change)
      2  a mistake in the command line or in .otpwise.toml, a file that could not be
         written, or an error in Otpwise itself
      3  some file could not be read
    When several apply, 2 wins over 3, and 3 over 1.
    """
    from otpwise_cli.check import Options, run

    sys.exit(run(Options(**options)))  # type: ignore[arg-type]


@cli.command()
@click.option(
    "--output-format", type=click.Choice(["text", "json"]), default="text", help="For people or programs."
)
@_color
def rules(output_format: str, color: str) -> None:
    """List all rules."""
    from otpwise_cli.explain import list_rules

    sys.exit(list_rules(output_format, color))


@cli.command()
@click.argument("name", default="")
@_color
def explain(name: str, color: str) -> None:
    """Explain a rule, or a construct of Elixir and its libraries.

    NAME is a rule such as `ecto/sql-injection` (what it detects, why it hurts, when it is fine, how it is
    fixed), a family such as `ecto` for the list of its rules, or a construct such as `strategy`,
    `GenServer.call` or `runtime.exs` (what it does, what it costs, what to use instead). Without NAME the
    constructs are listed.
    """
    from otpwise_cli.explain import explain

    sys.exit(explain(name, color))


@cli.command()
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["text", "mermaid", "dot", "json", "html"]),
    default="text",
    help="For people, as a diagram, as one HTML file, or JSON as docs/tree.md describes it.",
)
@click.option("--app", metavar="NAME", help="Only this application of an umbrella.")
@_color
def tree(path: Path, output_format: str, app: str | None, color: str) -> None:
    """Show the supervision tree of each application.

    PATH is a project, an umbrella, or any file or folder in one; without it the current folder. What is
    started while the system runs, and the process modules that nobody supervises, are shown too.

    \b
    Exit codes
      0  a tree was printed
      1  no application of the project starts processes (libraries)
      2  a mistake in the command line, or no Mix project
      3  some file could not be read: the tree may lack something
    """
    from otpwise_cli.tree import run

    sys.exit(run(path, output_format, app, color))  # type: ignore[arg-type]


@cli.command()
@click.option(
    "--tcp", metavar="HOST:PORT", help="Wait for one client there instead of serving on stdin and stdout."
)
@click.option(
    "--log-file", type=click.Path(path_type=Path, dir_okay=False), help="Log there instead of to stderr."
)
@click.option(
    "--log-level",
    type=click.Choice(["error", "warning", "info", "debug"]),
    default="warning",
    help="What is logged.",
)
@click.option("--stdio", is_flag=True, hidden=True, help="The default; editors like to say it.")
def server(tcp: str | None, log_file: Path | None, log_level: str, stdio: bool) -> None:
    """Run the language server, as editors do."""
    address = _address(tcp) if tcp is not None else None
    from otpwise_server.main import run

    try:
        run(address, log_file, log_level)
    except OSError as error:
        print(f"otpwise: the server cannot start: {error}", file=sys.stderr)
        sys.exit(2)


def _address(written: str) -> tuple[str, int]:
    host, _, port = written.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise click.BadParameter(f"{written!r} is not HOST:PORT, such as 127.0.0.1:5007", param_hint="--tcp")
    return host.strip("[]") or "127.0.0.1", int(port)


def main() -> NoReturn:
    """The console script."""
    try:
        # Not click's own mode: it makes Ctrl-C exit with 1, and prints "Aborted!".
        code = cli(prog_name="otpwise", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except SystemExit as leaving:
        code = leaving.code
    except (KeyboardInterrupt, click.Abort):
        sys.exit(130)
    except BrokenPipeError:
        _leave(141)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        _leave(141)
    _leave(code if isinstance(code, int) else 0)


def _leave(code: int) -> NoReturn:
    """Ends the process at once: taking all trees apart first would be a tenth of the whole time.

    Nothing is flushed, which is also what is wanted when whoever read the output has seen enough.
    """
    os._exit(code)


if __name__ == "__main__":
    main()
