"""`otpwise rules` and `otpwise explain`."""

from __future__ import annotations

from otpwise_analyzers.guide.catalogue import constructs
from otpwise_analyzers.rules.catalogue import FAMILIES, RULES
from tests.cli.conftest import Otpwise


def test_all_rules_are_listed(otpwise: Otpwise) -> None:
    lines = otpwise("rules").out.splitlines()
    assert [line.split()[0] for line in lines] == list(RULES)


def test_every_rule_and_family_is_explained(otpwise: Otpwise) -> None:
    name = next(iter(RULES))
    shown = otpwise("explain", name)
    assert shown.code == 0 and shown.out.startswith(f"# {name}\n") and "## Why it hurts" in shown.out
    family = otpwise("explain", FAMILIES[0])
    assert family.code == 0 and all(line.startswith(f"{FAMILIES[0]}/") for line in family.out.splitlines())
    assert otpwise("explain", "unknown-rule").out.startswith("# suppression/unknown-rule\n")


def test_every_construct_is_explained_by_all_its_names(otpwise: Otpwise) -> None:
    for name, start in (
        ("strategy", "# strategy\n"),
        ("GenServer.call", "# GenServer.call\n"),
        ("genserver.call", "# GenServer.call\n"),
        (":ets.new", "# :ets.new\n"),
        ("ets.new", "# :ets.new\n"),
        ("one_for_all", "# strategy\n"),
        ("runtime.exs", "# Config.config\n"),
        ("PHX_SERVER", "# PHX_SERVER\n"),
    ):
        shown = otpwise("explain", name)
        assert shown.code == 0 and shown.out.startswith(start), name
    assert "**Costs.**" in otpwise("explain", "strategy").out


def test_without_a_name_the_constructs_are_listed(otpwise: Otpwise) -> None:
    shown = otpwise("explain")
    names = [line.split("  ")[1] for line in shown.out.splitlines() if line.startswith("  ")]
    assert shown.code == 0 and sorted(names) == sorted(constructs())


def test_a_misspelt_name_is_corrected(otpwise: Otpwise) -> None:
    shown = otpwise("explain", "supression/unusd")
    assert shown.code == 2 and "Did you mean `suppression/unused`" in shown.err
    shown = otpwise("explain", "GenServer.cal")
    assert shown.code == 2 and "`GenServer.call`" in shown.err
    assert "`strategy`" in otpwise("explain", "stratgy").err
    assert otpwise("explain", "xyz").code == 2
