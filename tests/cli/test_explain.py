"""`otpwise rules` and `otpwise explain`."""

from __future__ import annotations

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


def test_a_misspelt_name_is_corrected(otpwise: Otpwise) -> None:
    shown = otpwise("explain", "supression/unusd")
    assert shown.code == 2 and "Did you mean `suppression/unused`" in shown.err
    assert otpwise("explain", "xyz").code == 2
