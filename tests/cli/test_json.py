"""The JSON report: as documented, exact, and enough to apply a fix by."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args

import msgspec

from otpwise_cli import report_json
from otpwise_cli.report_json import Report
from tests.cli.conftest import FAULTY, INJECTED, QUIET, ROOT, Otpwise, Project


def _report(text: str) -> Report:
    return msgspec.json.decode(text, type=Report)


def test_a_report_is_complete_and_exact(otpwise: Otpwise, project: Project) -> None:
    text = '# ü😀\r\nx = "é" # otpwise:ignore foo/bar\r\n'
    project({"lib/a.ex": b"\xef\xbb\xbf" + text.encode(), "lib/b.ex": QUIET, "lib/c.ex": b"\xff"})
    run = otpwise("check", "--output-format", "json")
    assert run.code == 3
    report = _report(run.out)
    assert report.version == 1 and report.summary.files == 3
    assert (report.summary.findings.information, report.summary.findings.hint) == (1, 1)
    assert [entry.path for entry in report.unread] == ["lib/c.ex"]
    finding = report.findings[0]
    assert (finding.rule, finding.level, finding.path) == (
        "suppression/unknown-rule",
        "information",
        "lib/a.ex",
    )
    start = finding.range.start
    assert (start.line, start.column) == (2, 26)
    data = b"\xef\xbb\xbf" + text.encode()
    assert data[start.byte : finding.range.end.byte] == b"foo/bar"
    assert finding.url.startswith("https://")


def test_edits_can_be_applied_by_bytes(otpwise: Otpwise, project: Project) -> None:
    root = project({"lib/a.ex": b"\xef\xbb\xbf" + FAULTY.encode(), "lib/search.ex": INJECTED})
    report = _report(otpwise("check", "--output-format", "json").out)
    fixable = [finding for finding in report.findings if finding.fixes]
    assert len(fixable) >= 2
    for finding in fixable:
        for change in finding.fixes[0].changes:
            path = root / change.path
            data = path.read_bytes()
            for edit in sorted(change.edits, key=lambda edit: edit.range.start.byte, reverse=True):
                data = data[: edit.range.start.byte] + edit.new_text.encode() + data[edit.range.end.byte :]
            path.write_bytes(data)
    after = _report(otpwise("check", "--output-format", "json").out)
    assert not {finding.rule for finding in fixable} & {finding.rule for finding in after.findings}


def test_mistakes_in_the_configuration_are_in_the_report(otpwise: Otpwise, project: Project) -> None:
    project({".otpwise.toml": "x = 1\n"})
    run = otpwise("check", "--output-format", "json")
    entry = _report(run.out).configuration[0]
    assert run.code == 2 and (entry.path, entry.line, entry.column) == (".otpwise.toml", 1, 1)


def _fields(kind: type[msgspec.Struct]) -> set[str]:
    names: set[str] = set()
    for field in msgspec.structs.fields(kind):
        names.add(field.name)
        for inner in (field.type, *get_args(field.type)):
            if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                names |= _fields(inner)
    return names


def test_every_field_is_documented() -> None:
    page = (ROOT / "docs/json.md").read_text("utf-8")
    undocumented = {name for name in _fields(Report) if f"`{name}`" not in page}
    assert not undocumented
    assert f"version {report_json.VERSION}" in page.lower()


def test_the_documented_example_is_a_report() -> None:
    page = (ROOT / "docs/json.md").read_text("utf-8")
    example = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert example is not None
    report = _report(example.group(1))
    assert msgspec.to_builtins(report) == json.loads(example.group(1)), "no field more, no field less"


def test_rules_as_json(otpwise: Otpwise, tmp_path: Path) -> None:
    listed = json.loads(otpwise("rules", "--output-format", "json").out)
    assert listed["version"] == 1
    entry = next(entry for entry in listed["rules"] if entry["name"] == "suppression/unused")
    assert entry["impact"] == "low" and entry["fix"] is True and entry["summary"]
