"""A suppression comment for a rule that does not exist."""

from __future__ import annotations

from collections.abc import Iterable

from otpwise_analyzers.findings import Finding
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Rule
from otpwise_analyzers.syntax.file import ElixirFile


class UnknownRule(Rule):
    name = "suppression/unknown-rule"
    summary = "a suppression comment that names no rule, or one that does not exist"
    impact = Impact.MEDIUM
    detects = (
        "`# otpwise:ignore` and `# otpwise:ignore-file` comments whose rule is misspelt, unknown or missing."
    )
    why = (
        "The comment silences nothing, while everybody who reads it believes that it does; and when a "
        "misspelt name is one day a rule, it silences what nobody looked at."
    )
    fine_when = "Never; a comment for a rule of a newer version is fine once everybody runs that version."
    trade_off = "None."
    fix_note = FixNote(
        writes="The closest rule's name in its place, or the name removed.",
        because="Safe: a name that there is not silenced nothing. What the right name silences was meant to be.",
        leaves="The reason behind `--`.",
    )

    incorrect = (
        Example(
            """\
            def wipe(table) do
              # otpwise:ignore «ecto/sql-injektion» -- the name comes from a closed list
              Repo.query!("DELETE FROM users WHERE name = '#{table}'")
            end
            """,
            fixed="""\
            def wipe(table) do
              # otpwise:ignore ecto/sql-injection -- the name comes from a closed list
              Repo.query!("DELETE FROM users WHERE name = '#{table}'")
            end
            """,
        ),
        Example(
            """\
            «# otpwise:ignore»
            IO.puts("hello")
            """,
            fixed="""\
            IO.puts("hello")
            """,
        ),
    )
    correct = (
        Example(
            '# Read about otpwise:ignore in the manual.\nIO.puts("hello")\n', why="prose about the comment"
        ),
        Example('IO.puts("# otpwise:ignore nothing/real")\n', why="a string is not a comment"),
        Example('# otpwise:ignored\nIO.puts("hello")\n', why="another word"),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        """The engine reports these: only it knows all rules."""
        return ()
