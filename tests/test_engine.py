"""What the engine does with rules and their findings: errors, levels, failures, suppressions, stopping."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from otpwise_analyzers import engine, suppressions
from otpwise_analyzers.findings import Applicability, Confidence, Finding, Fix, Level
from otpwise_analyzers.project.config import Settings
from otpwise_analyzers.rules.base import Impact, Rule
from otpwise_analyzers.rules.catalogue import RULES
from otpwise_analyzers.source.edits import Edit, OverlappingEditsError, apply
from otpwise_analyzers.syntax.file import ElixirFile

KNOWN = next(name for name in RULES if not name.startswith("suppression/"))


class Sample(Rule):
    """Flags every call of `bad`."""

    name = "otp/sample"
    summary = "a sample"
    impact = Impact.HIGH
    detects = why = fine_when = trade_off = "sample"
    calls = frozenset({"bad"})

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        fix = Fix("mend", Applicability.SAFE, lambda context: None)
        for call in file.calls("bad"):
            confidence = Confidence.HINT if call.args else Confidence.CERTAIN
            yield self.finding(
                call.node, "`bad` is called here", Level.INFORMATION, confidence=confidence, fixes=(fix,)
            )


class Broken(Sample):
    name = "otp/zz-broken"

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        raise KeyError("oops")


class Stale(Sample):
    """Takes the name of a real rule, so that comments can silence it."""

    name = KNOWN


def run(code: str, *rules: Rule, settings: Settings | None = None) -> engine.Report:
    settings = settings or Settings()
    dispatch = engine.Dispatch.of(rules or (Sample(),), settings)
    return engine.check(ElixirFile("lib/x.ex", code.encode()), settings, dispatch=dispatch)


def test_only_files_with_the_name_reach_a_rule() -> None:
    report = run("good()", Broken())
    assert report.failures == []


def test_a_rule_that_raises_is_named_and_the_rest_goes_on() -> None:
    report = run("bad()", Broken(), Sample())
    assert [failure.rule for failure in report.failures] == ["otp/zz-broken"]
    assert [finding.rule for finding in report.findings] == ["otp/sample"]


def test_levels_follow_profile_and_confidence() -> None:
    assert run("bad()").findings[0].level is Level.INFORMATION
    assert run("bad(1)").findings[0].level is Level.HINT


def test_strict_raises_to_the_impact() -> None:
    strict = Settings(profile="strict")
    report = run("bad()", Stale(), settings=strict)
    assert report.findings[0].level is RULES[KNOWN].impact.level


def test_nothing_inside_of_errors() -> None:
    assert run("def f do\n  x = [1, (bad() y}\nend\n").findings == []
    assert len(run("def f do\n  x = [1, (bad())]\nend\n").findings) == 1


def test_no_fix_in_a_broken_definition() -> None:
    report = run("def f do\n  bad()\n  x = )\nend\n\ndef g do\n  bad()\nend\n")
    assert [bool(finding.fixes) for finding in report.findings] == [False, True]


def test_no_fix_where_an_end_is_missing() -> None:
    report = run("defmodule A do\n  def f do\n    bad()\n    Repo.\n  end\nend\n")
    assert [finding.fixes for finding in report.findings] == [()]


def test_stops_when_told() -> None:
    dispatch = engine.Dispatch.of((Sample(),), Settings())
    with pytest.raises(engine.Stopped):
        engine.check(ElixirFile("x.ex", b"bad()"), dispatch=dispatch, stop=lambda: True)


@pytest.mark.parametrize(
    ("code", "left"),
    [
        (f"bad() # otpwise:ignore {KNOWN}\n", 0),
        (f"# otpwise:ignore {KNOWN} -- because\nbad()\n", 0),
        (f"# otpwise:ignore {KNOWN}\n# and a note\nbad()\n", 0),
        (f"# otpwise:ignore {KNOWN.partition('/')[0]}\nbad()\n", 0),
        (f"# otpwise:ignore {KNOWN}\n\nbad()\n", 1),
        (f"# otpwise:ignore {KNOWN}\nbad()\nbad()\n", 1),
        (f"bad()\nbad()\n# otpwise:ignore-file {KNOWN} -- old code\n", 0),
        (f"# otpwise:ignore {KNOWN}\r\nbad()\r\n", 0),
        (f'bad("# otpwise:ignore {KNOWN}")\n', 1),
    ],
)
def test_suppressions(code: str, left: int) -> None:
    report = run(code, Stale())
    assert len([finding for finding in report.findings if finding.rule == KNOWN]) == left


def test_unused_is_said_only_of_rules_that_ran() -> None:
    code = f"# otpwise:ignore {KNOWN}\nIO.puts(1)\n"
    ran = engine.check(ElixirFile("x.ex", code.encode()), Settings())
    assert [finding.rule for finding in ran.findings] == [suppressions.UNUSED]
    others = engine.Dispatch.of((Sample(), RULES[suppressions.UNUSED]), Settings())
    silent = engine.check(ElixirFile("x.ex", code.encode()), Settings(), dispatch=others)
    assert silent.findings == []


def test_silencing_adds_to_the_comment_that_is_there() -> None:
    def silenced(code: str) -> str:
        file = ElixirFile("x.ex", code.encode())
        at = code.index("bad")
        return apply(file.data, [suppressions.insertion(file, at, KNOWN)]).decode()

    assert silenced("def f do\n  bad()\nend\n") == f"def f do\n  # otpwise:ignore {KNOWN}\n  bad()\nend\n"
    assert (
        silenced("# otpwise:ignore otp/x -- why\nbad()\n")
        == f"# otpwise:ignore otp/x, {KNOWN} -- why\nbad()\n"
    )
    assert silenced("a()\r\nbad()\r\n") == f"a()\r\n# otpwise:ignore {KNOWN}\r\nbad()\r\n"


def test_silencing_a_file_respects_what_must_come_first() -> None:
    file = ElixirFile("x.exs", b"#!/usr/bin/env elixir\nbad()\n")
    text = apply(file.data, [suppressions.file_insertion(file, KNOWN)])
    assert text == f"#!/usr/bin/env elixir\n# otpwise:ignore-file {KNOWN}\nbad()\n".encode()


def test_edits() -> None:
    assert apply(b"abc", [Edit(1, 2, "X"), Edit(0, 0, "<"), Edit(3, 3, ">")]) == b"<aXc>"
    with pytest.raises(OverlappingEditsError):
        apply(b"abc", [Edit(0, 2, ""), Edit(1, 3, "")])
    with pytest.raises(ValueError, match="text of 3 bytes"):
        apply(b"abc", [Edit(2, 9, "")])


class Louder(Sample):
    """Speaks of `worse`, and for its whole module in the place of the sample."""

    name = "otp/louder"
    calls = frozenset({"worse"})
    hides = frozenset({"otp/sample"})

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        for call in file.calls("worse"):
            module = call.enclosing_module
            yield self.finding(
                call.node, "`worse` is called", Level.HINT, reach=module.node if module is not None else None
            )


def test_what_a_rule_hides_is_silent_within_its_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, "otp/louder", Louder())
    code = (
        "defmodule A do\n  def a, do: worse()\n  def b, do: bad()\nend\n\n"
        "defmodule B do\n  def c, do: bad()\nend\n"
    )
    report = run(code, Sample(), Louder())
    assert [(f.rule, code[: f.span.start].count("\n") + 1) for f in report.findings] == [
        ("otp/louder", 2),
        ("otp/sample", 7),
    ]
