"""The proof that a fix is right: what every fix must hold, on examples and on real projects.

Applied, the result parses, the finding is gone, no new one comes, a second application changes
nothing, no comment is lost, and no name is used that nobody declares or declared that nobody uses any
more (`used_names`). Whether formatted code stays formatted, and whether Elixir's own parser takes it, is
asked of Elixir once for many texts (`elixir_verdicts`), and so is its compiler (`compiling`).
"""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TypeGuard

from otpwise_analyzers.engine import check
from otpwise_analyzers.findings import Change, Finding, Fix
from otpwise_analyzers.project.config import Settings
from otpwise_analyzers.project.facts import facts_of
from otpwise_analyzers.project.index import Project
from otpwise_analyzers.project.view import FixContext, Key
from otpwise_analyzers.rules.catalogue import RULES
from otpwise_analyzers.source.edits import apply
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.languages import is_read, open_file
from otpwise_analyzers.syntax.source_file import SourceFile
from tests.used_names import UsedNames, objections_to_names, used_names

Files = Mapping[str, bytes]

HAS_ELIXIR = shutil.which("elixir") is not None


def project_of(files: Files) -> Project:
    project = Project()
    project.load(facts_of(open_file(path, data)) for path, data in files.items() if is_read(path))
    for path, data in files.items():
        if path.endswith("mix.lock"):
            project.set_lock(path, data)
    return project


def findings_in(
    files: Files, path: str, settings: Settings | None = None, project: Project | None = None
) -> tuple[SourceFile, list[Finding]]:
    project = project if project is not None else project_of(files)
    file = open_file(path, files[path], project=project.view(path))
    report = check(file, settings or Settings())
    assert not report.failures, report.failures
    return file, report.findings


def build(files: Files, file: SourceFile, fix: Fix) -> Change | None:
    return fix.build(FixContext(file, file.project, lambda path: files.get(path)))


def applied(files: Files, change: Change) -> dict[str, bytes]:
    result = dict(files)
    for part in change:
        if part.rename_to is not None:
            assert part.rename_to not in result, f"{part.path} is to be {part.rename_to}, which exists"
            assert not part.edits
            result[part.rename_to] = result.pop(part.path)
            continue
        if part.create:
            assert part.path not in files, f"{part.path} is to be created but exists"
        else:
            assert part.path in files, f"{part.path} is changed but does not exist"
        result[part.path] = apply(result.get(part.path, b""), part.edits)
    return result


def _where(file: SourceFile, finding: Finding) -> tuple[str, str, str]:
    definition = file.definition_at(finding.span.start)
    return (finding.rule, file.path, definition.name if definition is not None else "")


# What is true of the mended code and could not be said before.
_REVEALED = {
    # The image is a release from now on, and its configuration stays as it was where it was built.
    "deploy/docker-mix-in-production": frozenset({"config/missing-runtime-exs"}),
    # A key that is written as a fallback is in force wherever the release starts without its variable.
    "config/compile-time-env": frozenset({"config/hardcoded-secret"}),
    # Reads are spoken of in a project that has contexts; the first extraction may make it one.
    "phoenix/repo-in-web": frozenset({"phoenix/repo-in-web"}),
}


def expected_after(rule: str) -> frozenset[str]:
    """The rules that may have more to say when a finding of `rule` is mended."""
    return frozenset(RULES[rule].hides) | _REVEALED.get(rule, frozenset())


def has_names(file: SourceFile) -> TypeGuard[ElixirFile]:
    return isinstance(file, ElixirFile) and not file.is_template and not file.error_spans


def comments_of(file: SourceFile) -> Counter[str]:
    return Counter(file.text(comment).strip() for comment in file.comments)


def objections(
    files: Files,
    path: str,
    finding: Finding,
    fix: Fix,
    settings: Settings | None = None,
    *,
    whole: bool = True,
) -> tuple[list[str], dict[str, bytes] | None]:
    """What is wrong with a fix (nothing, when all is well), and the project after it.

    None in place of the project means that the fix is not offered after all. With `whole` the index is
    built anew from all files, as for an example; without, only the changed files are read again.
    """
    before_project = project_of(files)
    return objections_in(before_project, files, path, finding, fix, settings)


def objections_in(
    project: Project,
    files: Files,
    path: str,
    finding: Finding,
    fix: Fix,
    settings: Settings | None = None,
    elsewhere: Mapping[str, Counter[str]] | None = None,
) -> tuple[list[str], dict[str, bytes] | None]:
    """As `objections`, in an index that holds all of the files and that is left as it was.

    `elsewhere` has the findings of the other files by path and rule, where those are to be held against
    the fix too.
    """
    settings = settings or Settings()
    file = open_file(path, files[path], project=project.view(path))
    change = build(files, file, fix)
    if change is None:
        return [], None
    wrong: list[str] = []
    after = applied(files, change)
    renamed = {part.rename_to for part in change if part.rename_to is not None}
    touched = sorted({part.path for part in change} | renamed | {path})
    if all(after.get(p) == files.get(p) for p in touched):
        return ["the fix changes nothing"], after

    # The same index object may serve many proofs: facts are put in, and put back.
    originals = {p: project.facts(p) for p in touched}
    before_findings: Counter[tuple[str, str, str]] = Counter()
    names_before: dict[str, UsedNames] = {}
    names_after: dict[str, UsedNames] = {}
    changed: set[Key] = set()
    for p in touched:
        if p in files and is_read(p):
            view, found = findings_in(files, p, settings, project)
            before_findings.update(_where(view, one) for one in found)
            if has_names(view):
                names_before[p] = used_names(view)
    lost: Counter[str] = Counter()
    try:
        for p in touched:
            if not is_read(p):
                continue
            if p not in after:
                lost.update(comments_of(open_file(p, files[p])))
                changed |= project.remove(p)
                continue
            fixed = open_file(p, after[p])
            if p in files:
                lost.update(comments_of(open_file(p, files[p])))
            lost.subtract(comments_of(fixed))
            if fixed.error_spans and not (p in files and open_file(p, files[p]).error_spans):
                wrong.append(f"{p} does not parse any more: {fixed.error_spans[:2]}")
            changed |= project.update(p, facts_of(fixed))
        missing = [comment for comment, count in lost.items() if count > 0]
        if missing and not finding.rule.startswith("suppression/"):
            wrong.append(f"lost the comments {missing}")
        after_findings: Counter[tuple[str, str, str]] = Counter()
        again: list[tuple[SourceFile, Finding]] = []
        for p in touched:
            if is_read(p) and p in after:
                view, found = findings_in(after, p, settings, project)
                after_findings.update(_where(view, one) for one in found)
                again.extend((view, one) for one in found)
                if has_names(view):
                    names_after[p] = used_names(view)
        for part in change:
            if part.rename_to is not None and part.path in names_before:
                names_before[part.rename_to] = names_before.pop(part.path)
        wrong.extend(objections_to_names(names_before, names_after, project.view(path)))
        here = _where(file, finding)
        if after_findings[here] >= before_findings[here]:
            wrong.append("the finding is still there")
        by_rule_before = Counter(key[0] for key in before_findings.elements())
        by_rule_after = Counter(key[0] for key in after_findings.elements())
        hidden = expected_after(finding.rule)
        new = {rule: n for rule, n in (by_rule_after - by_rule_before).items() if rule not in hidden}
        if new:
            wrong.append(f"new findings: {new}")
        for p in project.affected(changed):
            if p not in touched and elsewhere is not None and p in elsewhere:
                found = findings_in(after, p, settings, project)[1]
                more = Counter(one.rule for one in found) - elsewhere[p]
                if any(rule not in hidden for rule in more):
                    wrong.append(f"new findings in {p}: {dict(more)}")
        for view, one in again:
            if one.rule == finding.rule and one.message == finding.message:
                for other in one.fixes:
                    if other.title == fix.title and after_findings[here] >= before_findings[here]:
                        second = other.build(FixContext(view, view.project, lambda q: after.get(q)))
                        if second is not None and applied(after, second) != after:
                            wrong.append("a second application changes it again")
    finally:
        for p, facts in originals.items():
            if facts is None:
                project.remove(p)
            else:
                project.update(p, facts)
    return wrong, after


_CHECKER = """
{:ok, _} = Application.ensure_all_started(:elixir)
[input | formatter] = System.argv()

options =
  for path <- formatter, {key, value} <- path |> Code.eval_file() |> elem(0), key == :locals_without_parens do
    {key, value}
  end

for line <- File.stream!(input), path = String.trim(line), path != "" do
  text = File.read!(path)
  case Code.string_to_quoted(text) do
    {:ok, _} ->
      formatted = text |> Code.format_string!(options) |> IO.iodata_to_binary()
      formatted = if formatted == "", do: "", else: formatted <> "\\n"
      if formatted == text, do: IO.puts("ok"), else: IO.puts("unformatted " <> Base.encode64(formatted))
    {:error, reason} ->
      IO.puts("broken " <> Base.encode64(inspect(reason)))
  end
end
"""


def elixir_verdicts(texts: list[bytes], folder: Path, formatter: Path | None = None) -> list[tuple[str, str]]:
    """For each text ("ok" | "unformatted" | "broken", what the formatter wants or the parser says).

    `formatter` is a project's .formatter.exs; of it the `locals_without_parens` count.
    """
    folder.mkdir(parents=True, exist_ok=True)
    listing = folder / "list.txt"
    paths = []
    for index, text in enumerate(texts):
        path = folder / f"text_{index}.ex"
        path.write_bytes(text)
        paths.append(str(path))
    listing.write_text("\n".join(paths) + "\n")
    script = folder / "check.exs"
    script.write_text(_CHECKER)
    run = subprocess.run(
        ["elixir", str(script), str(listing), *([str(formatter)] if formatter else [])],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    verdicts = []
    for line in run.stdout.splitlines():
        word, _, payload = line.partition(" ")
        verdicts.append((word, base64.b64decode(payload).decode() if payload else ""))
    assert len(verdicts) == len(texts), json.dumps(run.stdout[-500:])
    return verdicts
