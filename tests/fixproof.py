"""`python -m tests.fixproof [--rule NAME]... PROJECT...`: proves every fix that is offered in real projects.

Each fix is applied alone to the project as it is, and all safe ones together as `otpwise check --fix` takes them,
then the unsafe ones too. All of it must hold what every fix must hold (tests/proof.py). With Elixir installed, its
parser, its formatter and, for files that need no library, its compiler judge the results too. A Mix project inside of
a folder that is named is proven by itself.
"""

from __future__ import annotations

import argparse
import difflib
import gc
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from otpwise_analyzers.engine import check
from otpwise_analyzers.findings import Applicability, Finding
from otpwise_analyzers.project.config import Settings
from otpwise_analyzers.project.discovery import walk_paths
from otpwise_analyzers.project.index import Project
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.languages import is_read, open_file
from tests.bulkproof import Bulk, prove_together
from tests.compiling import Compiled, compile_texts, is_harmless, needs_others
from tests.proof import HAS_ELIXIR, elixir_verdicts, objections_in, project_of

# Most projects write Ecto's and Phoenix's words without parentheses, as their formatters let them.
_FORMATTER = Path(__file__).resolve().parent.parent / "examples" / "chat_app" / ".formatter.exs"

_TOGETHER = {
    "safe": frozenset({Applicability.SAFE}),
    "safe and unsafe": frozenset({Applicability.SAFE, Applicability.UNSAFE}),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A Mix project, or a file outside of any."""

    root: Path
    files: dict[str, bytes]
    in_project: bool


@dataclass(frozen=True, slots=True)
class Result:
    """A text that a fix (or all of them) made of others, and who is to be blamed for it.

    The first of `originals` is the file itself as it was, or, for a new one, a file that its code may be from.
    """

    rule: str
    label: str
    path: str
    text: bytes
    originals: tuple[bytes, ...]
    place: Place | None = None


@dataclass(slots=True)
class Proof:
    """What was proven so far. `counts` are by rule and word, `wrong` by rule and label."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[tuple[str, str, str]] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    together: list[dict[str, object]] = field(default_factory=list)

    def blame(self, rule: str, label: str, *objections: str) -> None:
        for objection in objections:
            self.wrong.append((rule, label, objection))
            print(f"{label}\n    {objection}", flush=True)


def places(paths: list[Path]) -> Iterator[Place]:
    """The projects that the paths hold, those inside of others too, and loose files one by one."""

    def complain(where: Path, what: str) -> None:
        print(f"{where}: {what}", file=sys.stderr)

    for target in walk_paths(paths, on_problem=complain):
        files = {path: (target.root / path).read_bytes() for path in target.files}
        if not target.in_project:
            yield from (Place(target.root, {path: data}, False) for path, data in files.items())
            continue
        for lock in [target.root / "mix.lock", *target.root.glob("apps/*/mix.lock")]:
            if lock.is_file():
                files[lock.relative_to(target.root).as_posix()] = lock.read_bytes()
        yield Place(target.root, files, True)


def prove_alone(
    place: Place, project: Project, proof: Proof, settings: Settings, rules: frozenset[str]
) -> None:
    """Proves every fix (of some rules) on the project as it is."""
    files = place.files
    found: dict[str, list[Finding]] = {}
    for path in sorted(p for p in files if is_read(p)):
        report = check(open_file(path, files[path], project=project.view(path)), settings)
        found[path] = report.findings
        for failure in report.failures:
            proof.blame(failure.rule, f"{place.root}/{path}", f"the check raised {failure.error!r}")
    elsewhere = {path: rules_of(findings) for path, findings in found.items()}
    for path, findings in found.items():
        for finding in findings:
            if not rules or finding.rule in rules:
                _prove_finding(place, project, proof, settings, path, finding, elsewhere)


def rules_of(findings: Iterable[Finding]) -> Counter[str]:
    return Counter(finding.rule for finding in findings)


def _prove_finding(
    place: Place,
    project: Project,
    proof: Proof,
    settings: Settings,
    path: str,
    finding: Finding,
    elsewhere: Mapping[str, Counter[str]],
) -> None:
    files, rule = place.files, finding.rule
    proof.counts[rule, "findings"] += 1
    for fix in finding.fixes:
        line = files[path].count(b"\n", 0, finding.span.start) + 1
        label = f"{place.root}/{path}:{line} {rule}: {fix.title}"
        try:
            wrong, after = objections_in(project, files, path, finding, fix, settings, elsewhere)
        except Exception as error:  # everything that goes wrong is to be listed, whatever it is
            wrong, after = [f"raised {error!r}"], None
        if after is None and not wrong:
            proof.counts[rule, "not offered"] += 1
            continue
        proof.counts[rule, fix.applicability.value] += 1
        proof.blame(rule, label, *wrong)
        for changed, data in (after or {}).items():
            if files.get(changed) != data and changed.endswith((".ex", ".exs")):
                # Code that moves to another file brings its own format along.
                originals = tuple(dict.fromkeys((files.get(changed, files[path]), files[path])))
                proof.results.append(Result(rule, label, changed, data, originals, place))


def prove_all(place: Place, project: Project, proof: Proof, settings: Settings) -> None:
    """Proves all fixes together: the safe ones, then those and the unsafe ones."""
    for name, allowed in _TOGETHER.items():
        label = f"{place.root} (all that is {name})"
        began = time.monotonic()
        try:
            bulk = prove_together(project, place.files, settings, allowed, in_project=place.in_project)
        except Exception as error:  # as above
            proof.blame("together", label, f"raised {error!r}")
            continue
        proof.blame("together", label, *bulk.wrong)
        if not bulk.applied:
            continue
        proof.together.append(_told(place, name, bulk, time.monotonic() - began))
        for path, data in bulk.changed.items():
            if path.endswith((".ex", ".exs")):
                own = place.files.get(bulk.sources.get(path, path))
                # A new file may have its code from any that changed.
                others = [place.files[p] for p in bulk.changed if p in place.files]
                texts = tuple(dict.fromkeys([own, *others] if own is not None else others))
                proof.results.append(Result("together", f"{label} {path}", path, data, texts, place))


def _told(place: Place, name: str, bulk: Bulk, seconds: float) -> dict[str, object]:
    return {
        "project": str(place.root),
        "fixes": name,
        "applied": dict(sorted(bulk.applied.items())),
        "files changed": len(bulk.changed),
        "findings before": bulk.before.total(),
        "findings after": bulk.after.total(),
        "refused": bulk.refused,
        "seconds": round(seconds, 1),
    }


def ask_elixir(proof: Proof) -> None:
    """Elixir's parser, formatter and compiler on all results."""
    texts = list(dict.fromkeys(text for one in proof.results for text in (one.text, *one.originals)))
    with tempfile.TemporaryDirectory() as folder:
        read = dict(zip(texts, elixir_verdicts(texts, Path(folder), _FORMATTER), strict=True))
        for one in proof.results:
            word, payload = read[one.text]
            if word == "broken":
                proof.blame(one.rule, f"{one.label} -> {one.path}", f"Elixir does not read it: {payload}")
            elif word != "ok" and all(read[before][0] == "ok" for before in one.originals):
                difference = _difference(one.text.decode(), payload)
                proof.blame(one.rule, f"{one.label} -> {one.path}", f"unformatted\n{difference}")
        _compile(proof, Path(folder) / "compiled")


def _compile(proof: Proof, folder: Path) -> None:
    by_place: dict[int, list[Result]] = {}
    for one in proof.results:
        if one.path.endswith(".ex") and one.originals and all(map(is_harmless, (one.text, one.originals[0]))):
            by_place.setdefault(id(one.place), []).append(one)
    for number, results in enumerate(by_place.values()):
        _compile_place(proof, results, folder / str(number))


def _compile_place(proof: Proof, candidates: list[Result], folder: Path) -> None:
    place = candidates[0].place
    others = _by_module(place) if place is not None else {}
    originals = list(dict.fromkeys(text for one in candidates for text in one.originals if is_harmless(text)))
    before = dict(zip(originals, compile_texts(originals, folder / "before", others), strict=True))
    judged = [one for one in candidates if not before[one.originals[0]].error]
    results = list(dict.fromkeys(one.text for one in judged))
    after = dict(zip(results, compile_texts(results, folder / "after", others), strict=True))
    for one in judged:
        if needs_others(after[one.text].error):
            continue
        proof.counts[one.rule, "compiled"] += 1
        said = _complaints(after[one.text], [before[text] for text in one.originals if text in before])
        proof.blame(one.rule, f"{one.label} -> {one.path}", *said)


def _by_module(place: Place) -> dict[str, bytes]:
    """The project's files by the modules that they define."""
    found = {}
    for path, data in place.files.items():
        if path.endswith(".ex"):
            file = open_file(path, data)
            if isinstance(file, ElixirFile):
                found.update({module.name: data for module in file.modules if " " not in module.name})
    return found


def _complaints(after: Compiled, before: list[Compiled]) -> Iterator[str]:
    if after.error:
        yield f"does not compile any more: {after.error[:400]}"
        return
    more = Counter(after.warnings)
    for one in before:
        more -= Counter(one.warnings)
    yield from (f"the compiler warns: {warning}" for warning in more)


def _difference(text: str, wanted: str) -> str:
    lines = difflib.unified_diff(text.splitlines(), wanted.splitlines(), lineterm="", n=1)
    return "\n".join(f"      {line}" for line in list(lines)[2:22])


_COLUMNS = ("findings", "safe", "unsafe", "scaffold", "not offered", "compiled", "wrong")


def table(proof: Proof) -> dict[str, dict[str, int]]:
    """For each rule: findings, fixes tried by applicability, not offered, results that were compiled, wrong."""
    wrong = Counter(rule for rule, _, _ in {(rule, label, "") for rule, label, _ in proof.wrong})
    rules = sorted({rule for rule, _ in proof.counts} | set(wrong))
    return {
        rule: {c: wrong[rule] if c == "wrong" else proof.counts[rule, c] for c in _COLUMNS} for rule in rules
    }


def show(proof: Proof) -> None:
    rows = table(proof)
    print(f"{'rule':<42}" + "".join(f"{column:>12}" for column in _COLUMNS))
    for rule, row in rows.items():
        print(f"{rule:<42}" + "".join(f"{row[column] or '':>12}" for column in _COLUMNS))
    print(f"{'all':<42}" + "".join(f"{sum(row[column] for row in rows.values()):>12}" for column in _COLUMNS))
    for name in _TOGETHER:
        runs = [one for one in proof.together if one["fixes"] == name]
        changed, before, after = (
            sum(int(str(one[key])) for one in runs)
            for key in ("files changed", "findings before", "findings after")
        )
        print(
            f"all that is {name}: {len(runs)} projects changed, {changed} files, {before} findings before, "
            f"{after} after"
        )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fixproof")
    parser.add_argument(
        "--rule", action="append", default=[], help="only the fixes of this rule, one at a time"
    )
    parser.add_argument("--profile", choices=("recommended", "strict"), default="recommended")
    parser.add_argument("--json", type=Path, help="writes what was found to this file too")
    parser.add_argument("projects", nargs="+", type=Path)
    options = parser.parse_args(arguments)
    # Syntax nodes are no garbage, as in the command.
    gc.set_threshold(200_000, 20, 100)
    settings = Settings(profile=options.profile)
    proof = Proof()
    for place in places(options.projects):
        began = time.monotonic()
        project = project_of(place.files) if place.in_project else Project()
        prove_alone(place, project, proof, settings, frozenset(options.rule))
        if not options.rule:
            prove_all(place, project, proof, settings)
        if place.in_project:
            print(f"{place.root}: {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
    if HAS_ELIXIR and proof.results:
        ask_elixir(proof)
    show(proof)
    print(f"{len(proof.wrong)} objections")
    if options.json:
        told = {
            "rules": table(proof),
            "wrong": [{"rule": rule, "at": label, "objection": said} for rule, label, said in proof.wrong],
            "together": proof.together,
        }
        options.json.write_text(json.dumps(told, indent=1))
    return 1 if proof.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
