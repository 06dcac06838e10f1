"""All rules, found by their files."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

from otpwise_analyzers import rules
from otpwise_analyzers.rules.base import NAME, Rule


def _rule_of(module_name: str) -> Rule | None:
    module = importlib.import_module(module_name)
    classes = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, Rule)
        and not inspect.isabstract(value)
        and value.__module__ == module_name
    ]
    if len(classes) > 1:
        raise ImportError(f"{module_name} holds {len(classes)} rules; one file, one rule")
    return classes[0]() if classes else None


def _all() -> dict[str, Rule]:
    found: dict[str, Rule] = {}
    for family in pkgutil.iter_modules(rules.__path__, f"{rules.__name__}."):
        if not family.ispkg:
            continue
        package = importlib.import_module(family.name)
        for entry in pkgutil.iter_modules(package.__path__, f"{family.name}."):
            rule = _rule_of(entry.name)
            if rule is None:
                continue
            if not NAME.fullmatch(rule.name) or rule.name in found:
                raise ImportError(f"{entry.name}: rule name {rule.name!r} is malformed or taken")
            found[rule.name] = rule
    return dict(sorted(found.items()))


RULES: dict[str, Rule] = _all()
FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(name.partition("/")[0] for name in RULES))
