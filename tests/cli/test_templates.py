"""Templates on the command line."""

from __future__ import annotations

import json

from tests.cli.conftest import Otpwise, Project

QUERY = "<p>\n  <%= Shop.Repo.one(A) %>\n</p>\n"
RULE = "phoenix/repo-in-web"


def test_found_and_checked_like_the_rest(otpwise: Otpwise, project: Project) -> None:
    project(
        {
            "lib/shop_web/a.html.heex": QUERY,
            "lib/shop_web/templates/b/b.html.eex": QUERY,
            "lib/shop_web/templates/b/c.html.leex": QUERY,
            "priv/templates/d.html.heex": QUERY,
            "deps/x/lib/e.html.heex": QUERY,
            "lib/shop_web/f.html": QUERY,
        }
    )
    done = otpwise("check", "--output-format", "json")
    found = json.loads(done.out)["findings"]
    assert [(finding["path"], finding["rule"], finding["level"]) for finding in found] == [
        ("lib/shop_web/a.html.heex", RULE, "warning"),
        ("lib/shop_web/templates/b/b.html.eex", RULE, "warning"),
        ("lib/shop_web/templates/b/c.html.leex", RULE, "warning"),
    ]
    assert found[0]["range"]["start"] == {"line": 2, "column": 7} | found[0]["range"]["start"]


def test_shown_as_it_is_written(otpwise: Otpwise, project: Project) -> None:
    project({"lib/shop_web/a.html.heex": QUERY})
    done = otpwise("check", "lib/shop_web/a.html.heex")
    assert done.code == 1 and "<%= Shop.Repo.one(A) %>" in done.out


def test_fixes_leave_templates_alone(otpwise: Otpwise, project: Project) -> None:
    root = project({"lib/shop_web/a.html.heex": QUERY})
    otpwise("check", "--fix", "--unsafe-fixes")
    assert (root / "lib/shop_web/a.html.heex").read_text() == QUERY


def test_from_standard_input(otpwise: Otpwise) -> None:
    done = otpwise("check", "--stdin-filename", "lib/a_web/a.html.heex", "-", stdin=QUERY.encode())
    assert done.code == 1 and RULE in done.out
