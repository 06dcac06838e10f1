"""A suppression comment that silences nothing."""

from __future__ import annotations

from collections.abc import Iterable

from otpwise_analyzers.findings import Finding
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Rule
from otpwise_analyzers.syntax.file import ElixirFile


class Unused(Rule):
    name = "suppression/unused"
    summary = "a suppression comment for a rule that finds nothing there"
    impact = Impact.LOW
    detects = "`# otpwise:ignore` comments whose rule ran and has no finding in the place that they are for."
    why = "The code was mended or moved and the comment stayed: it will silence the next, real finding there."
    fine_when = "The finding comes and goes with another file that is not in this checkout."
    trade_off = "None."
    fix_note = FixNote(
        writes="The name removed, and the comment with the last one.",
        because="Safe: it silenced nothing.",
        leaves="The reason behind `--` stays while a name stays.",
    )

    incorrect = (
        Example(
            """\
            # otpwise:ignore «otp/unawaited-task» -- was needed once
            IO.puts("hello")
            """,
            fixed="""\
            IO.puts("hello")
            """,
        ),
        Example(
            """\
            # otpwise:ignore-file «otp/unawaited-task», ecto/sql-injection
            def wipe(name) do
              Repo.query!("DELETE FROM users WHERE name = '#{name}'")
            end
            """,
            fixed="""\
            # otpwise:ignore-file ecto/sql-injection
            def wipe(name) do
              Repo.query!("DELETE FROM users WHERE name = '#{name}'")
            end
            """,
        ),
    )
    correct = (
        Example('# otpwise: ignore me\nIO.puts("hello")\n', why="no suppression comment"),
        Example('IO.puts("otpwise:ignore otp/unawaited-task")\n', why="a string is not a comment"),
        Example('@doc "# otpwise:ignore otp/unawaited-task"\n', why="documentation is not a comment"),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        """The engine reports these: only it knows what was silenced."""
        return ()
