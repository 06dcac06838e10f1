"""`python -m tests.refactorproof [--show N] PROJECT...`: makes every refactoring that is offered in real projects.

A refactoring is tried wherever a query of a project is. Each is made alone, to the project as it is, and must
hold what every change must hold: it parses, loses no comment, brings no finding, uses no name that nobody declares
and declares none that nobody uses. With Elixir installed, its parser, formatter and compiler judge the results too.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections import Counter
from pathlib import Path

from otpwise_analyzers.engine import check
from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.facts import facts_of
from otpwise_analyzers.project.index import Project
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.refactorings.catalogue import Offered, offers_at
from otpwise_analyzers.rewrite.query_chain import chains_in
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.languages import open_file
from tests.fixproof import Place, Proof, Result, ask_elixir, places
from tests.proof import HAS_ELIXIR, Files, applied, comments_of, has_names, project_of
from tests.used_names import UsedNames, objections_to_names, used_names


def complaints(project: Project, files: Files, change: Change) -> tuple[list[str], dict[str, bytes]]:
    """What is wrong with a change (nothing, when all is well), and the files after it."""
    after = applied(files, change)
    touched = sorted({part.path for part in change})
    wrong = [f"{path} is not changed" for path in touched if after[path] == files.get(path)]
    findings_before, findings_after, lost = Counter[str](), Counter[str](), Counter[str]()
    names_before: dict[str, UsedNames] = {}
    names_after: dict[str, UsedNames] = {}
    for path in touched:
        if path in files:
            file = open_file(path, files[path], project=project.view(path))
            findings_before.update(finding.rule for finding in check(file).findings)
            lost.update(comments_of(file))
            if has_names(file):
                names_before[path] = used_names(file)
    originals = {path: project.facts(path) for path in touched}
    try:
        for path in touched:
            project.update(path, facts_of(open_file(path, after[path])))
        for path in touched:
            file = open_file(path, after[path], project=project.view(path))
            if file.error_spans:
                wrong.append(f"{path} does not parse")
            findings_after.update(finding.rule for finding in check(file).findings)
            lost.subtract(comments_of(file))
            if has_names(file):
                names_after[path] = used_names(file)
        wrong.extend(objections_to_names(names_before, names_after, project.view(touched[0])))
    finally:
        for path, facts in originals.items():
            if facts is None:
                project.remove(path)
            else:
                project.update(path, facts)
    if new := findings_after - findings_before:
        wrong.append(f"new findings: {dict(new)}")
    if gone := [comment for comment, count in lost.items() if count > 0]:
        wrong.append(f"lost the comments {gone}")
    return wrong, after


def prove(place: Place, proof: Proof, show_every: int) -> None:
    """Proves what is offered at each query of a project."""
    files = place.files
    project = project_of(files)
    for path in sorted(path for path in files if path.endswith(".ex")):
        file = open_file(path, files[path], project=project.view(path))
        assert isinstance(file, ElixirFile)
        for query in chains_in(file):
            at = query.schema_node.start_byte
            proof.counts["queries", ""] += 1
            line = files[path].count(b"\n", 0, at) + 1
            label = f"{place.root.name}/{path}:{line}"
            for offered in offers_at(file, Span(at, at)):
                _prove_offer(place, project, proof, file, offered, label, show_every)


def _prove_offer(
    place: Place, project: Project, proof: Proof, file: ElixirFile, offered: Offered, label: str, every: int
) -> None:
    files, name = place.files, offered.name
    proof.counts[name, "offered"] += 1
    change = offered.fix.build(FixContext(file, file.project, files.get))
    if change is None:
        proof.counts[name, "not possible after all"] += 1
        return
    proof.counts[name, "made"] += 1
    wrong, after = complaints(project, files, change)
    proof.blame(name, label, *wrong)
    for path, data in after.items():
        if files.get(path) != data:
            originals = tuple(dict.fromkeys((files.get(path, files[file.path]), files[file.path])))
            proof.results.append(Result(name, label, path, data, originals, place))
    if every and proof.counts[name, "made"] % every == 0:
        _show(label, files, after)


def _show(label: str, files: Files, after: Files) -> None:
    print(f"\n#### {label}")
    for path in sorted(after, key=lambda path: path not in files):
        if files.get(path) == after[path]:
            continue
        if path not in files:
            print(f"+++ {path}\n{after[path].decode()}")
            continue
        old, new = files[path].decode().splitlines(), after[path].decode().splitlines()
        for line in list(difflib.unified_diff(old, new, lineterm="", n=2))[2:]:
            print(line)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.refactorproof")
    parser.add_argument("--show", type=int, default=0, help="prints every Nth change")
    parser.add_argument("projects", nargs="+", type=Path)
    options = parser.parse_args(arguments)
    proof = Proof()
    for place in places(options.projects):
        if place.in_project:
            prove(place, proof, options.show)
    if HAS_ELIXIR and proof.results:
        ask_elixir(proof)
    for (name, word), count in sorted(proof.counts.items()):
        print(f"{count:6} {name} {word}".rstrip())
    print(f"{len(proof.wrong)} objections")
    return 1 if proof.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
