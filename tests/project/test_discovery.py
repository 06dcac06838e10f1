"""Finding the Mix project of a file, and the files of a project."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from otpwise_analyzers.project import discovery
from otpwise_analyzers.project.discovery import Target, apps, find_root, walk, walk_paths

MIX = 'defmodule My.MixProject do\n  use Mix.Project\n  def project, do: [app: :my, version: "1.0.0"]\nend\n'
UMBRELLA = (
    "defmodule My.MixProject do\n  use Mix.Project\n"
    '  def project, do: [\n    apps_path: "apps",\n    version: "1.0.0"\n  ]\nend\n'
)

Problems = list[tuple[Path, str]]


def write(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def listed(root: Path, **options: Any) -> list[str]:
    problems: Problems = []
    found = list(walk(root, on_problem=lambda path, message: problems.append((path, message)), **options))
    assert problems == []
    return found


def targets(*paths: Path, exclude_for: Callable[[Path], tuple[str, ...]] = lambda root: ()) -> list[Target]:
    problems: Problems = []
    found = walk_paths(
        paths, on_problem=lambda path, message: problems.append((path, message)), exclude_for=exclude_for
    )
    assert problems == []
    return found


# find_root and apps


def test_the_nearest_mix_exs_is_the_root(tmp_path: Path) -> None:
    write(tmp_path, {"mix.exs": MIX, "lib/my/a.ex": ""})
    assert find_root(tmp_path / "lib/my/a.ex") == tmp_path
    assert find_root(tmp_path / "lib") == tmp_path
    assert find_root(tmp_path) == tmp_path
    assert find_root(tmp_path / "mix.exs") == tmp_path


def test_a_file_that_is_not_written_yet_has_a_root(tmp_path: Path) -> None:
    write(tmp_path, {"mix.exs": MIX})
    assert find_root(tmp_path / "lib/new/folder/a.ex") == tmp_path


def test_no_root_outside_of_mix(tmp_path: Path) -> None:
    write(tmp_path, {"a.exs": ""})
    assert find_root(tmp_path / "a.exs") is None


def test_a_folder_called_mix_exs_makes_no_project(tmp_path: Path) -> None:
    (tmp_path / "mix.exs").mkdir()
    assert find_root(tmp_path / "a.exs") is None


def test_the_umbrella_wins_over_its_app(tmp_path: Path) -> None:
    write(tmp_path, {"mix.exs": UMBRELLA, "apps/web/mix.exs": MIX, "apps/web/lib/a.ex": ""})
    assert find_root(tmp_path / "apps/web/lib/a.ex") == tmp_path
    assert find_root(tmp_path / "apps/web") == tmp_path
    assert find_root(tmp_path / "config/config.exs") == tmp_path


def test_what_lies_deeper_than_an_app_is_not_of_the_umbrella(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "mix.exs": UMBRELLA,
            "apps/web/mix.exs": MIX,
            "apps/web/deps/x/mix.exs": MIX,
            "tools/t/mix.exs": MIX,
        },
    )
    assert find_root(tmp_path / "apps/web/deps/x/lib/x.ex") == tmp_path / "apps/web/deps/x"
    assert find_root(tmp_path / "tools/t/lib/t.ex") == tmp_path / "tools/t"


def test_the_apps_may_lie_elsewhere(tmp_path: Path) -> None:
    umbrella = UMBRELLA.replace('"apps"', '"./server/apps/"')
    write(tmp_path, {"mix.exs": umbrella, "server/apps/a/mix.exs": MIX, "apps/b/mix.exs": MIX})
    assert find_root(tmp_path / "server/apps/a/lib/a.ex") == tmp_path
    assert find_root(tmp_path / "apps/b/lib/b.ex") == tmp_path / "apps/b"
    assert apps(tmp_path) == ("server/apps/a",)


@pytest.mark.parametrize("line", ['# apps_path: "apps",', "apps_path: apps(),", 'apps_path: "../apps",'])
def test_only_a_written_apps_path_inside_makes_an_umbrella(tmp_path: Path, line: str) -> None:
    write(tmp_path, {"mix.exs": UMBRELLA.replace('apps_path: "apps",', line), "apps/a/mix.exs": MIX})
    assert find_root(tmp_path / "apps/a/lib/a.ex") == tmp_path / "apps/a"
    assert apps(tmp_path) == ("",)


def test_nested_projects_are_their_own_roots(tmp_path: Path) -> None:
    write(tmp_path, {"mix.exs": MIX, "installer/mix.exs": MIX, "deps/x/mix.exs": MIX})
    assert find_root(tmp_path / "installer/lib/i.ex") == tmp_path / "installer"
    assert find_root(tmp_path / "deps/x/lib/x.ex") == tmp_path / "deps/x"


def test_a_relative_path_gets_an_absolute_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"mix.exs": MIX, "lib/a.ex": ""})
    monkeypatch.chdir(tmp_path / "lib")
    assert find_root(Path("a.ex")) == tmp_path
    assert find_root(Path("../lib/../lib/a.ex")) == tmp_path


def test_apps(tmp_path: Path) -> None:
    write(
        tmp_path, {"mix.exs": UMBRELLA, "apps/b/mix.exs": MIX, "apps/a/mix.exs": MIX, "apps/c/README.md": ""}
    )
    assert apps(tmp_path) == ("apps/a", "apps/b")
    assert apps(tmp_path / "apps/a") == ("",)


def test_an_umbrella_without_apps_has_none(tmp_path: Path) -> None:
    write(tmp_path, {"mix.exs": UMBRELLA})
    assert apps(tmp_path) == ()


# walk


def test_the_files_of_a_project_sorted(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "mix.exs": MIX, ".formatter.exs": "", "README.md": "", "lib/a.ex": "", "lib/a/b.ex": "",
            "lib/a-b.ex": "", "lib/a.b/c.ex": "", "test/a_test.exs": "", "assets/app.js": "", "lib/A.ex": "",
        },
    )  # fmt: skip
    found = listed(tmp_path)
    assert found == sorted(found)
    assert found == [
        ".formatter.exs", "lib/A.ex", "lib/a-b.ex", "lib/a.b/c.ex", "lib/a.ex", "lib/a/b.ex", "mix.exs",
        "test/a_test.exs",
    ]  # fmt: skip


def test_what_is_never_anybodys_own_code(tmp_path: Path) -> None:
    left_out = [
        "_build/dev/lib/a.ex", "deps/x/lib/a.ex", "cover/a.ex", "assets/node_modules/x/a.ex", ".git/a.ex",
        ".elixir_ls/a.ex", ".expert/a.ex", "lib/_build/a.ex", "priv/templates/phx.gen.live/a.ex",
    ]  # fmt: skip
    own = ["lib/my/cover/a.ex", "lib/my/deps/a.ex", "lib/my/templates/a.ex", "priv/repo/seeds.exs"]
    write(tmp_path, {"mix.exs": MIX} | dict.fromkeys(left_out + own, ""))
    assert listed(tmp_path) == [*own[:3], "mix.exs", own[3]]


def test_deps_beside_the_mix_exs_of_an_app(tmp_path: Path) -> None:
    files = ["apps/a/mix.exs", "apps/a/lib/a.ex", "apps/a/deps/x.ex", "apps/a/priv/templates/t.ex"]
    write(tmp_path, {"mix.exs": UMBRELLA} | dict.fromkeys(files, MIX))
    assert listed(tmp_path) == ["apps/a/lib/a.ex", "apps/a/mix.exs", "mix.exs"]


def test_other_projects_inside_are_not_part_of_it(tmp_path: Path) -> None:
    write(tmp_path, {"mix.exs": MIX, "lib/a.ex": "", "installer/mix.exs": MIX, "installer/lib/i.ex": ""})
    assert listed(tmp_path) == ["lib/a.ex", "mix.exs"]
    assert listed(tmp_path / "installer") == ["lib/i.ex", "mix.exs"]


def test_exclude_adds_to_gitignore(tmp_path: Path) -> None:
    write(
        tmp_path,
        {".gitignore": "/tmp/\n", "tmp/a.ex": "", "lib/a.ex": "", "lib/gen/b.ex": "", "lib/gen/keep.ex": ""},
    )
    assert listed(tmp_path, exclude=["lib/gen/*", "!keep.ex"]) == ["lib/a.ex", "lib/gen/keep.ex"]
    assert listed(tmp_path, exclude=["!tmp/"]) == ["lib/a.ex", "lib/gen/b.ex", "lib/gen/keep.ex"]


def test_pipes_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.ex")
    (tmp_path / "b.ex").mkdir()
    (tmp_path / "b.ex" / "c.ex").touch()
    assert listed(tmp_path) == ["b.ex/c.ex"]


def test_the_walk_can_be_left_early(tmp_path: Path) -> None:
    write(tmp_path, {"a/a.ex": "", "b/b.ex": ""})
    found: Iterator[str] = walk(tmp_path, on_problem=lambda path, message: None)
    assert next(found) == "a/a.ex"


def test_three_hundred_levels(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(300):
            os.mkdir("d", dir_fd=here)
            below = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        os.close(os.open("a.ex", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    finally:
        os.close(here)
    assert listed(tmp_path) == ["d/" * 300 + "a.ex"]


# links


def test_loops_of_links_end(tmp_path: Path) -> None:
    write(tmp_path, {"mix.exs": MIX, "lib/a.ex": ""})
    (tmp_path / "lib/up").symlink_to("..")
    (tmp_path / "lib/self").symlink_to("self")
    (tmp_path / "lib/me.ex").symlink_to("me.ex")
    assert listed(tmp_path) == ["lib/a.ex", "mix.exs"]


def test_linked_folders_are_not_entered_but_may_be_named(tmp_path: Path) -> None:
    write(tmp_path, {"other/o.ex": "", "p/mix.exs": MIX})
    (tmp_path / "p/lib").symlink_to("../other")
    assert listed(tmp_path / "p") == ["mix.exs"]
    assert targets(tmp_path / "p/lib") == [Target(tmp_path / "p", ("lib/o.ex",), True)]


def test_linked_files_are_taken_when_they_lead_out(tmp_path: Path) -> None:
    write(tmp_path, {"shared.ex": "", "p/mix.exs": MIX, "p/lib/a.ex": ""})
    (tmp_path / "p/lib/shared.ex").symlink_to(tmp_path / "shared.ex")
    (tmp_path / "p/lib/again.ex").symlink_to("a.ex")
    (tmp_path / "p/lib/.#a.ex").symlink_to("someone@host.4711")
    (tmp_path / "p/lib/folder.ex").symlink_to("../..")
    assert listed(tmp_path / "p") == ["lib/a.ex", "lib/shared.ex", "mix.exs"]


# what cannot be read


def test_an_unreadable_folder_is_named_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"a/a.ex": "", "b/b.ex": "", "c/c.ex": ""})
    scandir = os.scandir

    def refuse(path: str) -> Any:
        if Path(path) == tmp_path / "b":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(discovery.os, "scandir", refuse)
    problems: Problems = []
    found = list(walk(tmp_path, on_problem=lambda path, message: problems.append((path, message))))
    assert found == ["a/a.ex", "c/c.ex"]
    [(path, message)] = problems
    assert path == tmp_path / "b"
    assert "Permission denied" in message and "exclude" in message


def test_a_root_that_is_gone_is_a_problem(tmp_path: Path) -> None:
    problems: Problems = []
    assert list(walk(tmp_path / "gone", on_problem=lambda *problem: problems.append(problem))) == []
    assert [path for path, _ in problems] == [tmp_path / "gone"]


def test_a_name_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.ex")).touch()
    (tmp_path / "café.ex").touch()
    problems: Problems = []
    found = list(walk(tmp_path, on_problem=lambda *problem: problems.append(problem)))
    assert found == ["café.ex"]
    assert "rename" in problems[0][1]


# walk_paths


def test_a_folder_inside_of_a_project(tmp_path: Path) -> None:
    write(tmp_path, {"mix.exs": MIX, "lib/a.ex": "", "lib/b/c.ex": "", "test/a_test.exs": ""})
    assert targets(tmp_path / "lib") == [Target(tmp_path, ("lib/a.ex", "lib/b/c.ex"), True)]


def test_a_folder_of_projects_is_grouped_by_root(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "script.exs": "", "one/mix.exs": MIX, "one/lib/a.ex": "", "one/example/mix.exs": MIX,
            "two/mix.exs": UMBRELLA, "two/apps/x/mix.exs": MIX,
        },
    )  # fmt: skip
    assert targets(tmp_path) == [
        Target(tmp_path, ("script.exs",), False),
        Target(tmp_path / "one", ("lib/a.ex", "mix.exs"), True),
        Target(tmp_path / "one/example", ("mix.exs",), True),
        Target(tmp_path / "two", ("apps/x/mix.exs", "mix.exs"), True),
    ]


def test_named_files_are_taken_even_when_ignored(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "mix.exs": MIX,
            ".gitignore": "gen.ex\n",
            "lib/gen.ex": "",
            "lib/skip.ex": "",
            "deps/x/lib/x.ex": "",
        },
    )
    excludes = {tmp_path: ("lib/skip.ex",)}
    found = targets(
        tmp_path / "lib",
        tmp_path / "lib/gen.ex",
        tmp_path / "deps/x/lib/x.ex",
        exclude_for=excludes.__getitem__,
    )
    assert found == [Target(tmp_path, ("deps/x/lib/x.ex", "lib/gen.ex"), True)]


def test_a_named_folder_is_taken_even_when_ignored(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "mix.exs": MIX, ".gitignore": "/gen\n*.tmp.ex\n", "gen/deep/a.ex": "",
            "gen/deep/.gitignore": "b.ex", "gen/deep/b.ex": "", "lib/a.tmp.ex": "", "lib/a.ex": "",
        },
    )  # fmt: skip
    assert targets(tmp_path / "gen/deep") == [Target(tmp_path, ("gen/deep/a.ex",), True)]
    assert targets(tmp_path / "lib") == [Target(tmp_path, ("lib/a.ex",), True)]


def test_excluding_a_nested_project(tmp_path: Path) -> None:
    write(tmp_path, {"mix.exs": MIX, "test/fixture/mix.exs": MIX})
    asked: list[Path] = []

    def exclude_for(root: Path) -> tuple[str, ...]:
        asked.append(root)
        return ("test/fixture/",)

    assert targets(tmp_path, exclude_for=exclude_for) == [Target(tmp_path, ("mix.exs",), True)]
    assert asked == [tmp_path]


def test_files_outside_of_mix(tmp_path: Path) -> None:
    write(tmp_path, {"a/x.exs": "", "a/y.exs": "", "b/z.ex": ""})
    assert targets(tmp_path / "b/z.ex", tmp_path / "a/y.exs", tmp_path / "a/x.exs") == [
        Target(tmp_path / "a", ("x.exs", "y.exs"), False),
        Target(tmp_path / "b", ("z.ex",), False),
    ]


def test_each_file_once(tmp_path: Path) -> None:
    write(tmp_path, {"a/x.exs": "", "mix/mix.exs": MIX})
    found = targets(tmp_path / "a/x.exs", tmp_path, tmp_path / "mix", tmp_path / "mix/mix.exs")
    assert found == [Target(tmp_path, ("a/x.exs",), False), Target(tmp_path / "mix", ("mix.exs",), True)]


def test_what_does_not_exist_or_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, {"README.md": "", "a.ex": ""})
    problems: Problems = []
    found = walk_paths(
        [tmp_path / "gone.ex", tmp_path / "README.md", tmp_path / "a.ex"],
        on_problem=lambda *problem: problems.append(problem),
    )
    assert [target.files for target in found] == [("a.ex",)]
    assert [path.name for path, _ in problems] == ["gone.ex", "README.md"]
    assert "no such file" in problems[0][1] and ".ex, .exs" in problems[1][1]


def test_no_paths() -> None:
    assert targets() == []
