"""`python -m tests.refactorproof [--show N] PROJECT...`: makes every refactoring that is offered in real projects.

A refactoring is tried wherever a query of a project is. Each is made alone, to the project as it is, and must
hold what every change must hold: it parses, loses no comment, brings no finding, leaves no variable unbound. With
Elixir installed, its parser and formatter judge the results too.
"""

from __future__ import annotations

import argparse
import difflib
import sys
import tempfile
from collections import Counter
from itertools import chain
from pathlib import Path

from otpwise_analyzers.engine import check
from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.facts import facts_of
from otpwise_analyzers.project.index import Project
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.refactorings.catalogue import offers_at
from otpwise_analyzers.rewrite.query_chain import chains_in
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.languages import open_file
from otpwise_analyzers.syntax.variables import free_names, visible_at
from tests.fixproof import read
from tests.proof import HAS_ELIXIR, Files, applied, elixir_verdicts, project_of

_FORMATTER = Path(__file__).resolve().parent.parent / "examples" / "chat_app" / ".formatter.exs"


def complaints(project: Project, files: Files, change: Change) -> tuple[list[str], dict[str, bytes]]:
    """What is wrong with a change (nothing, when all is well), and the files after it."""
    after = applied(files, change)
    touched = sorted({part.path for part in change})
    wrong = [f"{path} is not changed" for path in touched if after[path] == files.get(path)]
    before_findings, after_findings, lost = Counter[str](), Counter[str](), Counter[str]()
    for path in touched:
        if path in files:
            file = open_file(path, files[path], project=project.view(path))
            before_findings.update(finding.rule for finding in check(file).findings)
            lost.update(file.text(comment).strip() for comment in file.comments)
    originals = {path: project.facts(path) for path in touched}
    try:
        for path in touched:
            project.update(path, facts_of(open_file(path, after[path])))
        for path in touched:
            file = open_file(path, after[path], project=project.view(path))
            if file.error_spans:
                wrong.append(f"{path} does not parse")
            after_findings.update(finding.rule for finding in check(file).findings)
            lost.subtract(file.text(comment).strip() for comment in file.comments)
            if isinstance(file, ElixirFile):
                wrong.extend(unbound(file, Span(0, len(file.data)) if path not in files else None))
    finally:
        for path, facts in originals.items():
            if facts is None:
                project.remove(path)
            else:
                project.update(path, facts)
    if new := after_findings - before_findings:
        wrong.append(f"new findings: {dict(new)}")
    if gone := [comment for comment, count in lost.items() if count > 0]:
        wrong.append(f"lost the comments {gone}")
    return wrong, after


def unbound(file: ElixirFile, within: Span | None) -> list[str]:
    """The pinned variables of new queries that nothing binds."""
    found = []
    for call in file.calls("where", "limit", "offset", "order_by", "preload", "base"):
        definition = call.definition
        if definition is None or within is None:
            continue
        visible = visible_at(definition, call.node)
        for node in (
            n for a in call.args for n in nodes.descendants(a, "unary_operator") if nodes.is_operator(n, "^")
        ):
            for name in free_names(node, file.data):
                if name not in visible:
                    found.append(f"{name} is not bound in {definition.name}")
    return found


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.refactorproof")
    parser.add_argument("--show", type=int, default=0, help="print the change of every Nth")
    parser.add_argument("projects", nargs="+")
    options = parser.parse_args(arguments)
    counts: Counter[str] = Counter()
    failed = 0
    texts: dict[bytes, str] = {}
    originals: dict[bytes, tuple[bytes, ...]] = {}
    for root in map(Path, options.projects):
        files = read(root.resolve())
        project = project_of(files)
        for path in sorted(files):
            if not path.endswith(".ex"):
                continue
            file = open_file(path, files[path], project=project.view(path))
            assert isinstance(file, ElixirFile)
            for query in chains_in(file):
                counts["queries"] += 1
                at = query.schema_node.start_byte
                line = files[path].count(b"\n", 0, at) + 1
                label = f"{root.name}/{path}:{line}"
                try:
                    offers = list(offers_at(file, Span(at, at)))
                    counts["offered"] += bool(offers)
                    for offer in offers:
                        change = offer.fix.build(FixContext(file, file.project, files.get))
                        if change is None:
                            counts["not possible after all"] += 1
                            if options.show == 1:
                                print(f"NOT POSSIBLE {label}")
                            continue
                        counts["made"] += 1
                        wrong, after = complaints(project, files, change)
                        for changed in after:
                            if files.get(changed) != after[changed]:
                                texts.setdefault(after[changed], f"{label} -> {changed}")
                                originals[after[changed]] = tuple(
                                    {files[path], files.get(changed, files[path])}
                                )
                        if wrong:
                            failed += 1
                            print(f"WRONG {label}: {'; '.join(wrong)}")
                        if options.show and counts["made"] % options.show == 0:
                            show(label, files, after)
                except Exception as error:
                    import traceback

                    failed += 1
                    print(f"RAISED {label}: {error!r}")
                    traceback.print_exc()
    if HAS_ELIXIR and texts:
        everything = list(dict.fromkeys([*texts, *chain.from_iterable(originals.values())]))
        with tempfile.TemporaryDirectory() as folder:
            verdicts = dict(
                zip(everything, elixir_verdicts(everything, Path(folder), _FORMATTER), strict=True)
            )
        for data, label in texts.items():
            word, payload = verdicts[data]
            if word == "broken" or (word != "ok" and all(verdicts[b][0] == "ok" for b in originals[data])):
                failed += 1
                print(f"{word.upper()} {label}")
                wanted = payload.splitlines() if word != "broken" else []
                for line in list(difflib.unified_diff(data.decode().splitlines(), wanted, lineterm="", n=1))[
                    2:22
                ]:
                    print(f"      {line}")
    for name, count in counts.items():
        print(f"{count:6} {name}")
    print(f"{failed} wrong")
    return 1 if failed else 0


def show(label: str, files: Files, after: dict[str, bytes]) -> None:
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
