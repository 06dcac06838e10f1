"""All rules, found by their files and imported when they are first needed.

Most files call for a handful of rules, and importing all of them would be a third of the server's
start. What each subscribes to is therefore kept beside them (`subscriptions.py`, made by
docs/generate.py); a rule that is not listed there yet is imported at once.
"""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Iterable, Iterator, MutableMapping
from typing import TYPE_CHECKING, NamedTuple

from otpwise_analyzers import rules
from otpwise_analyzers.rules.subscriptions import LISTED

if TYPE_CHECKING:
    from otpwise_analyzers.rules.base import AnyRule


class Subscription(NamedTuple):
    """What makes a rule look at a file of its language: one of the `names`, or `always`; and one of the
    `needles`, if any. It looks at templates that hold one of the `template_needles`, too. `hides` are the rules
    that are silent where it speaks."""

    names: tuple[str, ...]
    always: bool
    needles: tuple[bytes, ...]
    language: str = "elixir"
    template_needles: tuple[bytes, ...] = ()
    hides: tuple[str, ...] = ()


def subscription_of(rule: AnyRule) -> Subscription:
    """The subscription that a rule's class states."""
    names = tuple(sorted(rule.subscribed))
    hides = tuple(sorted(rule.hides))
    return Subscription(names, rule.always, rule.needles, rule.language, rule.template_needles, hides)


class Catalogue(MutableMapping[str, "AnyRule"]):
    """The rules by name, sorted. Asking for one imports it; asking for the names imports none."""

    def __init__(self) -> None:
        self._rules: dict[str, AnyRule] = {}
        self._subscriptions: dict[str, Subscription] = {}
        found: dict[str, Subscription] = {}
        for module in modules():
            if module in LISTED:
                listed = LISTED[module]
                if listed is not None:
                    found[_name(module)] = Subscription(*listed)
            elif (rule := rule_in(module)) is not None:
                self._rules[rule.name] = rule
                found[rule.name] = subscription_of(rule)
        self._subscriptions = dict(sorted(found.items()))

    @property
    def subscriptions(self) -> dict[str, Subscription]:
        return self._subscriptions

    def __getitem__(self, name: str) -> AnyRule:
        rule = self._rules.get(name)
        if rule is None:
            if name not in self._subscriptions:
                raise KeyError(name)
            loaded = rule_in(_module(name))
            if loaded is None or loaded.name != name:
                raise ImportError(f"{_module(name)} does not hold the rule {name}: run docs/generate.py")
            rule = self._rules[name] = loaded
        return rule

    def __setitem__(self, name: str, rule: AnyRule) -> None:
        self._rules[name] = rule
        self._subscriptions = dict(sorted({**self._subscriptions, name: subscription_of(rule)}.items()))

    def __delitem__(self, name: str) -> None:
        del self._subscriptions[name]
        self._rules.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._subscriptions)

    def __len__(self) -> int:
        return len(self._subscriptions)

    def __contains__(self, name: object) -> bool:
        return name in self._subscriptions


def modules() -> list[str]:
    """The modules in the families' folders, as `otp.missing_init`, sorted; some hold no rule."""
    return modules_below(rules.__path__)


def modules_below(roots: Iterable[str]) -> list[str]:
    """The modules in the folders of a package, each as `folder.module`, sorted; `roots` is its `__path__`."""
    found: list[str] = []
    for root in roots:
        with os.scandir(root) as families:
            folders = [entry for entry in families if entry.is_dir() and entry.name.isidentifier()]
        for folder in folders:
            with os.scandir(folder.path) as files:
                found.extend(
                    f"{folder.name}.{file.name[:-3]}"
                    for file in files
                    if file.name.endswith(".py") and file.name != "__init__.py"
                )
    return sorted(found)


def rule_in(module: str) -> AnyRule | None:
    """The rule of a module such as `otp.missing_init`; None when it holds none.

    Raises ImportError for two rules in one file, and for a rule whose name is not its file's.
    """
    from otpwise_analyzers.rules.base import Practice

    full = f"{rules.__name__}.{module}"
    loaded = importlib.import_module(full)
    classes = [
        value
        for value in vars(loaded).values()
        if inspect.isclass(value)
        and issubclass(value, Practice)
        and not inspect.isabstract(value)
        and value.__module__ == full
    ]
    if not classes:
        return None
    if len(classes) > 1:
        raise ImportError(f"{full} holds {len(classes)} rules; one file, one rule")
    rule: AnyRule = classes[0]()
    if rule.name != _name(module):
        raise ImportError(f"{full} holds the rule {rule.name!r}, which its file's name does not say")
    return rule


def _name(module: str) -> str:
    return module.replace(".", "/").replace("_", "-")


def _module(name: str) -> str:
    return name.replace("/", ".").replace("-", "_")


RULES = Catalogue()
FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(name.partition("/")[0] for name in RULES))
