"""Judges the values of settings one by one, wherever they come from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from otpwise_analyzers.project import toml_places
from otpwise_analyzers.project.ignore import is_pattern
from otpwise_analyzers.project.settings import ALL, Profile, Severity, families
from otpwise_analyzers.project.toml_places import Place
from otpwise_analyzers.source.edits import Span

KEYS = (
    *("profile", "select", "ignore", "severity", "exclude", "per-file-ignores", "rules", "hover"),
    "code-lens",
)

HOVER_KEYS = ("constructs",)

_OTHER_WORDS = {
    "info": "information",
    "warn": "warning",
    "err": "error",
    "note": "hint",
    "none": "off",
    "disabled": "off",
    "false": "off",
}
_NOWHERE = Place(Span(0, 0), Span(0, 0))


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in the configuration: where (bytes of the file `path`), and what to do."""

    span: Span
    message: str
    path: Path | None = None


@dataclass(slots=True)
class Reader:
    """Takes what is right of a table of settings, and notes what is wrong.

    `known` are the names of all rules; empty, names are not judged. `places` tell where in the file
    `path` each key and value stands.
    """

    known: Collection[str]
    places: Mapping[toml_places.Path, Place]
    path: Path | None
    problems: list[Problem] = field(default_factory=list)

    def read(self, table: Mapping[str, Any]) -> dict[str, Any]:
        """The valid ones, by the names of the fields of `Settings`."""
        values: dict[str, Any] = {}
        for key, value in table.items():
            match key:
                case "profile":
                    self._profile(value, values)
                case "select" | "ignore":
                    # An unknown name in `select` selects nothing: left out, it might select everything.
                    values[key] = self._names((key,), value, allow_all=True, keep_unknown=key == "select")
                case "severity":
                    values["severity"] = self._severity(value)
                case "exclude":
                    values["exclude"] = self._patterns(value)
                case "per-file-ignores":
                    values["per_file_ignores"] = self._per_file_ignores(value)
                case "code-lens":
                    self._flag(key, value, values, "code_lens")
                case "rules":
                    self._rules(value)
                case "hover":
                    values["hover"] = self._hover(value)
                case _:
                    self._key((key,), f"`{key}` is not a setting{_instead(key, KEYS)}")
        return values

    def _profile(self, value: object, values: dict[str, Any]) -> None:
        profiles = get_args(Profile)
        if value in profiles:
            values["profile"] = value
        else:
            self._value(("profile",), f"`profile` must be {_one_of(profiles)}{_close(value, profiles)}")

    def _flag(self, key: str, value: object, values: dict[str, Any], field_name: str) -> None:
        if isinstance(value, bool):
            values[field_name] = value
        else:
            self._value((key,), f"`{key}` must be true or false")

    def _names(
        self, path: toml_places.Path, value: object, *, allow_all: bool = False, keep_unknown: bool = False
    ) -> tuple[str, ...]:
        """The names of rules and families in a list; `path` is the list's own."""
        kept: list[str] = []
        for index, name in self._strings(path, value, '["ecto/sql-injection", "otp"]'):
            if name == ALL and not allow_all:
                self._value((*path, index), "`all` is not for one file: add the file to `exclude` instead")
            elif name == ALL or self._is_name((*path, index), name) or keep_unknown:
                kept.append(name)
        return tuple(dict.fromkeys(kept))

    def _strings(self, path: toml_places.Path, value: object, sample: str) -> list[tuple[int, str]]:
        if not isinstance(value, list | tuple):
            self._value(path, f"`{_shown(path)}` must be a list in brackets: {sample}")
            return []
        kept = []
        for index, item in enumerate(value):
            if isinstance(item, str):
                kept.append((index, item))
            else:
                self._value((*path, index), f"`{_shown(path)}` must hold strings only, as in {sample}")
        return kept

    def _is_name(self, path: toml_places.Path, name: str, *, is_key: bool = False) -> bool:
        if not self.known or name in self.known or name in families(self.known):
            return True
        choices = [*families(self.known), *self.known]
        kind = "rule" if "/" in name else "rule or family"
        message = f"there is no {kind} `{name}`{_close(name, choices) or _see(name, self.known)}"
        (self._key if is_key else self._value)(path, message)
        return False

    def _severity(self, value: object) -> dict[str, str]:
        kept: dict[str, str] = {}
        levels = get_args(Severity)
        for name, level in self._table("severity", value, '"ecto/raw-sql" = "hint"').items():
            path = ("severity", name)
            if level is None or not self._is_name(path, name, is_key=True):
                continue
            if isinstance(level, str) and level in levels:
                kept[name] = level
                continue
            word = _OTHER_WORDS.get(str(level).lower())
            meant = f"; did you mean `{word}`?" if word else _close(level, levels)
            self._value(path, f"the severity of `{name}` must be {_one_of(levels)}{meant}")
        return kept

    def _patterns(self, value: object) -> tuple[str, ...]:
        kept = []
        for index, pattern in self._strings(("exclude",), value, '["priv/repo/seeds.exs", "lib/generated/"]'):
            if is_pattern(pattern):
                kept.append(pattern)
            else:
                self._value(
                    ("exclude", index),
                    f"`{pattern}` is not a pattern: write it as in a .gitignore, for example `lib/generated/`",
                )
        return tuple(dict.fromkeys(kept))

    def _per_file_ignores(self, value: object) -> dict[str, tuple[str, ...]]:
        kept: dict[str, tuple[str, ...]] = {}
        key = "per-file-ignores"
        for pattern, names in self._table(key, value, '"test/**" = ["otp"]').items():
            if names is None:
                continue
            if pattern.startswith("!") or not is_pattern(pattern):
                self._key(
                    (key, pattern),
                    f"`{pattern}` is not a pattern of files to be named here: write it as in a .gitignore, "
                    "without `!`",
                )
                continue
            found = self._names((key, pattern), names)
            if found:
                kept[pattern] = found
        return kept

    def _rules(self, value: object) -> None:
        for name, options in self._table("rules", value, "").items():
            path = ("rules", name)
            if not self._is_name(path, name, is_key=True):
                continue
            if not isinstance(options, Mapping):
                self._key(
                    path, f'`rules` holds options of rules; to set a level write `"{name}"` under [severity]'
                )
                continue
            for option in options:
                self._key((*path, option), f"`{name}` has no option `{option}`: remove it")

    def _hover(self, value: object) -> dict[str, bool]:
        kept: dict[str, bool] = {}
        for option, wanted in self._table("hover", value, "constructs = false").items():
            path = ("hover", option)
            if option not in HOVER_KEYS:
                self._key(path, f"`hover` has no option `{option}`{_instead(option, HOVER_KEYS)}")
            elif isinstance(wanted, bool):
                kept[option] = wanted
            else:
                self._value(path, f"`hover.{option}` must be true or false, without quotes")
        return kept

    def _table(self, key: str, value: object, sample: str) -> Mapping[str, Any]:
        if isinstance(value, Mapping):
            return {str(name): inner for name, inner in value.items()}
        if self.path is None:
            self._value((key,), f"`{key}` must be an object with a value for each name")
            return {}
        after = f", with lines such as {sample}" if sample else ""
        self._value((key,), f"`{key}` must be a table: write [{key}] on a line of its own{after}")
        return {}

    def _key(self, path: toml_places.Path, message: str) -> None:
        self.problems.append(Problem(self._place(path).key, message, self.path))

    def _value(self, path: toml_places.Path, message: str) -> None:
        self.problems.append(Problem(self._place(path).value, message, self.path))

    def _place(self, path: toml_places.Path) -> Place:
        while path:
            if path in self.places:
                return self.places[path]
            path = path[:-1]
        return _NOWHERE


def _shown(path: toml_places.Path) -> str:
    return ".".join(str(step) for step in path)


def _one_of(words: Collection[str]) -> str:
    *first, last = (f'"{word}"' for word in words)
    return f"{', '.join(first)} or {last}"


def _close(word: object, choices: Collection[str]) -> str:
    """The end of a sentence that proposes the word that was probably meant; empty when none is near."""
    if not isinstance(word, str):
        return ""
    near = get_close_matches(word.lower(), choices, 1, 0.6)
    if not near and "/" not in word:
        # The family was left away.
        near = [choice for choice in choices if choice.endswith(f"/{word}")]
    return f"; did you mean `{near[0]}`?" if near else ""


def _instead(key: str, keys: Collection[str]) -> str:
    return _close(key, keys) or f": the settings are {', '.join(keys)}"


def _see(name: str, known: Collection[str]) -> str:
    family = name.partition("/")[0]
    siblings = sorted(rule for rule in known if rule.startswith(f"{family}/"))
    if siblings:
        return f": `{family}` has {', '.join(siblings)}"
    return f": the families are {', '.join(families(known))}; `otpwise rules` lists all"
