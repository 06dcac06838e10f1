"""The files that a walk leaves out are those that Git leaves out."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otpwise_analyzers.project.discovery import walk, walk_paths
from otpwise_analyzers.project.ignore import is_pattern

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git on the PATH")


def listed(root: Path) -> list[str]:
    problems: list[tuple[Path, str]] = []
    found = list(walk(root, on_problem=lambda path, message: problems.append((path, message))))
    assert problems == []
    return found


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-c", "core.excludesFile=/dev/null", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def git_lists(root: Path) -> list[str]:
    return sorted(
        git(root, "ls-files", "-z", "--others", "--exclude-standard", "--", "*.ex").split("\0")[:-1]
    )


def test_nested_lists_and_negations(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".gitignore": "gen_*.ex\n/tmp/\n",
            "gen_a.ex": "", "lib/gen_b.ex": "", "tmp/a.ex": "", "lib/tmp/a.ex": "", "lib/a.ex": "",
            "lib/keep/.gitignore": "!gen_*.ex\nno.ex\n",
            "lib/keep/gen_c.ex": "", "lib/keep/no.ex": "", "lib/keep/deep/gen_d.ex": "", "no.ex": "",
        },
    )  # fmt: skip
    kept = ["lib/a.ex", "lib/keep/deep/gen_d.ex", "lib/keep/gen_c.ex", "lib/tmp/a.ex", "no.ex"]
    assert listed(tmp_path) == kept


def test_nothing_is_taken_back_below_an_ignored_folder(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "gen/\n!gen/keep.ex\n", "gen/keep.ex": "", "gen/.gitignore": "!*\n"})
    assert listed(tmp_path) == []


def test_only_elixir_is_taken_back(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "*\n!*/\n!*.ex\n", "lib/a.ex": "", "lib/b.exs": "", "c.ex": ""})
    assert listed(tmp_path) == ["c.ex", "lib/a.ex"]


def test_line_endings_bom_comments_and_spaces(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".gitignore": "\ufeffa.ex\r\n# b.ex\r\n\r\nc.ex  \r\n\\#d.ex",
            "a.ex": "",
            "b.ex": "",
            "c.ex": "",
            "#d.ex": "",
        },
    )
    assert listed(tmp_path) == ["b.ex"]


def test_lists_above_the_project_hold_up_to_the_repository(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".gitignore": "c.ex\n",
            "repo/.git/info/exclude": "private.ex\n",
            "repo/.gitignore": "a.ex\n/server/b.ex\n",
            "repo/server/mix.exs": "", "repo/server/a.ex": "", "repo/server/b.ex": "", "repo/server/c.ex": "",
            "repo/server/private.ex": "", "repo/server/lib/b.ex": "",
        },
    )  # fmt: skip
    assert listed(tmp_path / "repo/server") == ["c.ex", "lib/b.ex", "mix.exs"]


def test_without_a_repository_only_the_projects_own_lists_hold(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "*\n", "p/.gitignore": "gen.ex\n", "p/mix.exs": "", "p/lib/gen.ex": ""})
    assert listed(tmp_path / "p") == ["mix.exs"]
    assert walk_paths([tmp_path / "p/lib"], on_problem=lambda path, message: None) == []


def test_a_submodule_starts_anew(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".git/HEAD": "", ".gitignore": "a.ex\n", "a.ex": "", "sub/a.ex": "", "sub/b.ex": "",
            ".git/modules/sub/info/exclude": "b.ex\n", "sub/.git": "gitdir: ../.git/modules/sub\n",
        },
    )  # fmt: skip
    assert listed(tmp_path) == ["sub/a.ex"]


def test_a_worktree_shares_the_private_list(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main/.git/info/exclude": "b.ex\n", "main/.git/worktrees/w/commondir": "../..\n",
            "w/.git": f"gitdir: {tmp_path}/main/.git/worktrees/w\n", "w/a.ex": "", "w/b.ex": "",
        },
    )  # fmt: skip
    assert listed(tmp_path / "w") == ["a.ex"]


def test_a_broken_dot_git_is_survived(tmp_path: Path) -> None:
    write(tmp_path, {".git": "\0 nothing", "a.ex": ""})
    assert listed(tmp_path) == ["a.ex"]


def test_a_list_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").mkdir()
    (tmp_path / "a.ex").touch()
    problems: list[tuple[Path, str]] = []
    found = list(walk(tmp_path, on_problem=lambda *problem: problems.append(problem)))
    assert found == ["a.ex"]
    assert [path.name for path, _ in problems] == [".gitignore"]


def test_unreadable_patterns_match_nothing(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "!\n/\n//\n[z-\n***\\\na.ex\n", "a.ex": "", "b.ex": ""})
    assert listed(tmp_path) == ["b.ex"]
    assert not is_pattern("!")
    assert is_pattern("lib/**/*.ex") and is_pattern("") and is_pattern("# comment")


names = st.sampled_from(["a", "b", "x.ex", "y.ex", "*", "**", "?", "*.ex", "a*", "[ab]", "[!a]", "x.*"])
patterns = st.builds(
    lambda negated, rooted, parts, folder: "!" * negated + "/" * rooted + "/".join(parts) + "/" * folder,
    st.booleans(),
    st.booleans(),
    st.lists(names, min_size=1, max_size=3),
    st.booleans(),
)
TREE = [f"{folder}{name}.ex" for folder in ("", "a/", "b/", "a/b/", "a/a/", "a/b/a/") for name in "xy"]


@needs_git
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(top=st.lists(patterns, max_size=4), inner=st.lists(patterns, max_size=2))
def test_as_git_does(top: list[str], inner: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        git(root, "init", "-q")
        write(
            root, dict.fromkeys(TREE, "") | {".gitignore": "\n".join(top), "a/.gitignore": "\n".join(inner)}
        )
        assert listed(root) == git_lists(root)
