"""A function that the context has already is called, when it means the same and only then."""

from __future__ import annotations

import pytest

from tests.rewrite.test_extract import PATH, controller, fixed, text

HEAD = "import Ecto.Query\n\n  alias Blog.Posts.Post\n  alias Blog.Repo"


def context(functions: str) -> str:
    inner = "\n".join("  " + line if line else "" for line in text(functions).rstrip("\n").split("\n"))
    return f"defmodule Blog.Posts do\n  import Ecto.Query\n\n  alias Blog.Posts.Post\n  alias Blog.Repo\n\n{inner}\nend\n"


GET = 'post = Repo.get!(Post, params["id"])\nrender(conn, :show, post: post)'
WITH_AUTHOR = (
    'post = Post |> Repo.get!(params["id"]) |> Repo.preload(:author)\nrender(conn, :show, post: post)'
)
QUERY = """
    query = from(p in Post, where: p.title == ^params["title"], limit: ^params["limit"])
    render(conn, :index, posts: Repo.all(query))
    """


@pytest.mark.parametrize(
    ("body", "functions", "call"),
    [
        (GET, "def fetch!(key), do: Post |> Repo.get!(key)", 'Posts.fetch!(params["id"])'),
        (
            GET,
            "def fetch!(key) do\n  # Raises for a visitor, too.\n  found = Repo.get!(Post, key)\n  found\nend",
            'Posts.fetch!(params["id"])',
        ),
        (
            WITH_AUTHOR,
            "def fetch!(key) do\n  post = Repo.get!(Post, key)\n  Repo.preload(post, :author)\nend",
            'Posts.fetch!(params["id"])',
        ),
        (
            QUERY,
            (
                "def titled(limit, name) do\n"
                "  from(p in Post, where: p.title == ^name, limit: ^limit) |> Repo.all()\nend"
            ),
            'Posts.titled(params["limit"], params["title"])',
        ),
        (
            'post = Blog.Posts.fetch!(params["id"]) |> Repo.preload(:author)\nrender(conn, :show, post: post)',
            (
                "def fetch!(key), do: Repo.get!(Post, key)\n"
                "def fetch_all_of!(key), do: key |> fetch!() |> Repo.preload(:author)"
            ),
            'Posts.fetch_all_of!(params["id"])',
        ),
    ],
    ids=["piped", "assigned", "two steps", "another order", "through its own function"],
)
def test_a_function_of_the_same_meaning_is_called(body: str, functions: str, call: str) -> None:
    before = context(functions)
    after = fixed(controller(body, HEAD), {"lib/blog/posts.ex": before})
    assert after is not None
    assert after["lib/blog/posts.ex"] == before
    assert call in after[PATH]


@pytest.mark.parametrize(
    ("body", "functions"),
    [
        (GET, "def fetch!(key) when is_integer(key), do: Repo.get!(Post, key)"),
        (GET, "def fetch!(key \\\\ 1), do: Repo.get!(Post, key)"),
        (GET, "def fetch!(0), do: nil\ndef fetch!(key), do: Repo.get!(Post, key)"),
        (GET, "def fetch!(%{id: key}), do: Repo.get!(Post, key)"),
        (GET, "defp fetch!(key), do: Repo.get!(Post, key)\ndef any, do: fetch!(1)"),
        (GET, "def fetch(key), do: Repo.get(Post, key)"),
        (GET, 'def fetch!(key), do: Repo.get!(Post, key, prefix: "old")'),
        (GET, "def fetch!(key) do\n  Repo.get!(Post, key)\nrescue\n  Ecto.NoResultsError -> nil\nend"),
        (GET, "def fetch!(key) do\n  _seen = Blog.Audit.seen!(key)\n  Repo.get!(Post, key)\nend"),
        (WITH_AUTHOR, "def fetch!(key), do: Post |> Repo.get!(key) |> Repo.preload(:tags)"),
        (WITH_AUTHOR, "def fetch!(key), do: Repo.get!(Post, key)"),
        (
            QUERY,
            "def titled(limit, name), do: Repo.all(from(p in Post, where: p.title == name, limit: ^limit))",
        ),
        (
            'render(conn, :index, posts: Repo.all(from(p in Post, where: p.title == " draft")))',
            'def drafts, do: Repo.all(from(p in Post, where: p.title == "draft"))',
        ),
        (
            'render(conn, :index, posts: Repo.all(from(p in Post, where: p.title == ^params["a"] or p.slug == ^params["b"])))',
            "def same(a, b), do: Repo.all(from(p in Post, where: p.title == ^a or p.slug == ^a or p.id == ^b))",
        ),
    ],
    ids=[
        *("guard", "default", "several clauses", "pattern", "private", "without bang", "options", "rescue"),
        *(
            "another effect",
            "another preload",
            "no preload",
            "no pin",
            "blank in a string",
            "another condition",
        ),
    ],
)
def test_a_function_of_another_meaning_is_not(body: str, functions: str) -> None:
    before = context(functions)
    after = fixed(controller(body, HEAD), {"lib/blog/posts.ex": before})
    assert after is not None
    assert after["lib/blog/posts.ex"] != before
    for name in ("fetch", "titled", "drafts", "same"):
        assert f"Posts.{name}" not in after[PATH]


@pytest.mark.parametrize(
    ("functions", "name"),
    [
        ("def get_post!(id) when is_binary(id), do: id", "get_post_by_id!(id)"),
        ("def get_post!(id, opts \\\\ []), do: {id, opts}", "get_post_by_id!(id)"),
        ("defp get_post!(id), do: id\ndef any, do: get_post!(1)", "get_post_by_id!(id)"),
    ],
    ids=["same arity", "default arguments", "private"],
)
def test_a_name_that_is_taken_is_not_taken_again(functions: str, name: str) -> None:
    after = fixed(controller(GET, HEAD), {"lib/blog/posts.ex": context(functions)})
    assert after is not None
    assert f"def {name}, do: Repo.get!(Post, id)" in after["lib/blog/posts.ex"]


def test_a_name_that_the_context_imports_is_not_taken_again() -> None:
    helper = "defmodule Blog.Lists do\n  def list_posts, do: []\nend\n"
    posts = "defmodule Blog.Posts do\n  import Blog.Lists\n\n  def empty, do: list_posts()\nend\n"
    after = fixed(
        controller("render(conn, :index, posts: Repo.all(Post))", HEAD),
        {"lib/blog/posts.ex": posts, "lib/blog/lists.ex": helper},
    )
    assert after is not None
    assert "def list_posts," not in after["lib/blog/posts.ex"]


def test_an_import_of_some_functions_is_completed() -> None:
    posts = (
        "defmodule Blog.Posts do\n  import Ecto.Query, only: [from: 2]\n\n  alias Blog.Posts.Post\n\n"
        "  def all, do: from(p in Post, select: p.id)\nend\n"
    )
    body = 'render(conn, :index, posts: Repo.all(where(Post, title: ^params["title"])))'
    after = fixed(controller(body, HEAD), {"lib/blog/posts.ex": posts})
    assert after is None or "only: [from: 2]" not in after["lib/blog/posts.ex"]


def test_aliases_of_several_and_of_the_module_itself_are_used() -> None:
    posts = (
        "defmodule Blog.Posts do\n  alias __MODULE__.Post\n  alias Blog.{People.Author, Repo}\n\n"
        "  def authors, do: {Author, Post, Repo}\nend\n"
    )
    after = fixed(
        controller("render(conn, :index, posts: Repo.all(Post))", HEAD), {"lib/blog/posts.ex": posts}
    )
    assert after is not None
    assert after["lib/blog/posts.ex"].count("alias ") == 2
    assert "def list_posts, do: Repo.all(Post)" in after["lib/blog/posts.ex"]
