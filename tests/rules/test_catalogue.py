"""Holds the catalogue together: what every rule must say and show."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from otpwise_analyzers.rules.base import NAME, Rule
from otpwise_analyzers.rules.catalogue import RULES, Subscription, modules, rule_in, subscription_of
from otpwise_analyzers.rules.subscriptions import LISTED

EVERY = pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())


def test_names_are_unique_and_well_formed() -> None:
    assert RULES
    assert all(NAME.fullmatch(name) and rule.name == name for name, rule in RULES.items())
    assert len({rule.summary for rule in RULES.values()}) == len(RULES)


@EVERY
def test_says_everything(rule: Rule) -> None:
    for field in ("summary", "detects", "why", "fine_when", "trade_off"):
        text = getattr(rule, field)
        assert isinstance(text, str) and len(text) >= 5, f"{rule.name}: {field} is missing"
    assert not rule.summary.endswith(".") and "\n" not in rule.summary
    has_fix = any(example.fixed is not None or example.fixed_others for example in rule.incorrect)
    note = rule.fix_note
    if note is None:
        assert not has_fix, f"{rule.name}: fix_note is missing"
        assert len(rule.no_fix) >= 20, f"{rule.name}: no_fix does not say why there is none"
    else:
        assert has_fix, f"{rule.name}: no example shows the fix"
        assert not rule.no_fix, f"{rule.name}: there is a fix"
        for text in (note.writes, note.because, note.leaves):
            assert len(text) >= 20 and text.endswith("."), f"{rule.name}: {text!r} is no sentence"
    for reference in rule.references:
        assert reference.url.startswith("https://") and reference.title


@EVERY
def test_shows_enough(rule: Rule) -> None:
    assert len(rule.incorrect) >= 2
    assert len(rule.correct) >= 3
    assert all(example.spans for example in rule.incorrect)
    assert all(example.why for example in rule.correct), (
        "a correct example says which false positive it refuses"
    )


@EVERY
def test_subscribes(rule: Rule) -> None:
    engine_makes_it = rule.name.startswith("suppression/")
    assert engine_makes_it or rule.always or rule.subscribed


def test_asking_for_the_names_imports_no_rule() -> None:
    """The server starts with the rules that the first file calls for, and no others."""
    code = (
        "import sys; from otpwise_analyzers import engine; from otpwise_analyzers.syntax.file import ElixirFile; "
        "list(engine.RULES); engine.check(ElixirFile('lib/a.ex', b'defmodule A do\\n  use GenServer\\nend\\n')); "
        "print(sorted(m for m in sys.modules if m.startswith('otpwise_analyzers.rules.') and m.count('.') > 2))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = json.loads(run.stdout.replace("'", '"'))
    assert "otpwise_analyzers.rules.otp.missing_init" in imported
    assert not [name for name in imported if ".phoenix." in name or ".ecto." in name]


def test_the_list_of_subscriptions_is_what_the_rules_say() -> None:
    listed = {module: entry and Subscription(*entry) for module, entry in LISTED.items()}
    said = {module: (rule := rule_in(module)) and subscription_of(rule) for module in modules()}
    assert listed == said, "run `make docs`"
