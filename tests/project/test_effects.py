"""What functions do in their own bodies, as the project answers it."""

from __future__ import annotations

from textwrap import dedent

import pytest

from otpwise_analyzers.project.effects import Effect
from otpwise_analyzers.project.facts import FileFacts, facts_of
from otpwise_analyzers.project.index import Project
from otpwise_analyzers.syntax.file import ElixirFile

READ, WRITE, HTTP, SLEEP, MAIL = Effect.READ, Effect.WRITE, Effect.HTTP, Effect.SLEEP, Effect.MAIL


def facts(path: str, text: str) -> FileFacts:
    return facts_of(ElixirFile(path, dedent(text).encode()))


def effects(body: str, above: str = "alias Shop.Repo", head: str = "run(x, y \\\\ nil)") -> set[Effect]:
    """The effects of a function with this body."""
    code = f"defmodule Shop.Sample do\n  {above}\n  def {head} do\n    {body}\n  end\nend\n"
    project = Project([facts("lib/shop/sample.ex", code)])
    return set(project.view("lib/other.ex").effects("Shop.Sample", head.partition("(")[0], 1))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Repo.get(User, x)", {READ}),
        ("User |> where(id: ^x) |> Repo.all()", {READ}),
        ("Shop.Repo.insert!(x)", {WRITE}),
        ("user = Repo.get!(User, x)\n    Repo.update(change(user))", {READ, WRITE}),
        ("Repo.transaction(fn -> Repo.one(x) end)", {READ, WRITE}),
        ("if x, do: Repo.preload(x, :posts)", {READ}),
        ("HTTPoison.get(x)", {HTTP}),
        ("Req.new(url: x) |> Req.request!()", {HTTP}),
        (":httpc.request(:get, x, [], [])", {HTTP}),
        ("Process.sleep(100)", {SLEEP}),
        (":timer.sleep(x)", {SLEEP}),
        ("x |> Shop.Mailer.deliver()", {MAIL}),
        ("Shop.Mailer.deliver_now!(x)", {MAIL}),
        # Not in the function's own body.
        ("Enum.map(x, &Repo.get(User, &1))", set()),
        ("for id <- x, do: Repo.get(User, id)", set()),
        ("Task.async(fn -> HTTPoison.get(x) end)", set()),
        ("Cachex.fetch(:users, x, fn id -> Repo.get(User, id) end)", set()),
        # Only what was not loaded before.
        ("if Ecto.assoc_loaded?(x.posts), do: x, else: Repo.preload(x, :posts)", set()),
        # Not these libraries', and not a repo's function.
        ("Finch.build(:get, x)", set()),
        ("Map.get(x, :a)", set()),
        ("Repo.config()", set()),
        ("GithubRepo.all(x)", set()),
        ("Shop.Mailer.deliver_later(x)", set()),
        ("Courier.deliver(x)", set()),
        ("Task.async(fn -> Shop.Mailer.deliver(x) end)", set()),
        ("Oban.Repo.all(x, y)", set()),
    ],
)
def test_effects_of_a_body(body: str, expected: set[Effect]) -> None:
    assert effects(body) == expected


def test_clauses_add_up_and_names_are_resolved() -> None:
    assert effects("R.all(x)", "alias Shop.Repo, as: R") == {READ}
    assert effects('get("/users")', "use Tesla", "run(x)") == {HTTP}
    assert effects("get(x)", "use Tesla\n  def get(x), do: x", "run(x)") == set()
    assert effects("x\n  end\n  def run(x, y) do\n    Repo.all(x)", head="run(x, nil)") == set()
    project = Project(
        [
            facts(
                "lib/a.ex",
                """
                defmodule Shop.A do
                  def load(%User{} = user), do: user
                  def load(id), do: Shop.Repo.get(User, id)
                end
                """,
            )
        ]
    )
    place = project.view("lib/b.ex").effects("Shop.A", "load", 1)[READ]
    assert place.path == "lib/a.ex"
    assert project.view("lib/b.ex").effects("Shop.A", "load", 2) == {}
    assert project.view("lib/b.ex").effects("Shop.B", "load", 1) == {}


def test_a_repo_of_another_name_is_known_by_the_project() -> None:
    reader = facts("lib/a.ex", "defmodule Shop.A do\n  def all, do: Shop.ReadRepo.all(User)\nend\n")
    repo = facts("lib/r.ex", "defmodule Shop.ReadRepo do\n  use Ecto.Repo, otp_app: :shop\nend\n")
    assert Project([reader]).view("lib/b.ex").effects("Shop.A", "all", 0) == {}
    assert set(Project([reader, repo]).view("lib/b.ex").effects("Shop.A", "all", 0)) == {READ}


def test_what_was_asked_is_checked_again() -> None:
    text = "defmodule Shop.A do\n  def load(id), do: id\nend\n"
    project = Project([facts("lib/a.ex", text)])
    assert project.view("lib/b.ex").effects("Shop.A", "load", 1) == {}
    moved = project.update("lib/a.ex", facts("lib/a.ex", "# moved\n" + text))
    assert project.affected(moved) == []
    reads = text.replace("do: id", "do: Shop.Repo.get(User, id)")
    assert project.affected(project.update("lib/a.ex", facts("lib/a.ex", reads))) == ["lib/b.ex"]
