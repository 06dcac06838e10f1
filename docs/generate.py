"""Writes what is made from the rules: docs/rules/*.md and the table in the README.

python docs/generate.py            writes
python docs/generate.py --check    says what is not current, and exits with 1
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from otpwise_analyzers.rules import page
from otpwise_analyzers.rules.catalogue import RULES

ROOT = Path(__file__).resolve().parent.parent
_TABLE = re.compile(r"(<!-- rules -->\n).*?(<!-- /rules -->)", re.DOTALL)


def wanted() -> dict[Path, str]:
    """Every generated file and its text."""
    files = {ROOT / "docs/rules" / f"{name}.md": page.page(rule) for name, rule in RULES.items()}
    readme = ROOT / "README.md"
    table = page.table(RULES.values())
    files[readme] = _TABLE.sub(
        lambda match: f"{match.group(1)}{table}{match.group(2)}", readme.read_text(encoding="utf-8")
    )
    return files


def stale() -> list[Path]:
    """The files that are missing, different, or left over from a rule that is gone."""
    files = wanted()
    found = [path for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text]
    found.extend(path for path in (ROOT / "docs/rules").rglob("*.md") if path not in files)
    return sorted(found)


def main() -> int:
    if "--check" in sys.argv[1:]:
        for path in stale():
            print(f"not current: {path.relative_to(ROOT)} (run `make docs`)")
        return 1 if stale() else 0
    for path in stale():
        files = wanted()
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
        else:
            path.unlink()
            print(f"removed {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
