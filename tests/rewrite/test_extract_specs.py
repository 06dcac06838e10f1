"""The specs of new functions, in modules that write specs."""

from __future__ import annotations

import pytest

from tests.rewrite.test_extract import POST, controller, fixed

HEAD = "import Ecto.Query\n\n  alias Blog.Posts.Post\n  alias Blog.Repo"
CONTEXT = """
    defmodule Blog.Posts do
      import Ecto.Query

      alias Blog.Posts.Post
      alias Blog.Repo

      @spec first() :: %Post{} | nil
      def first, do: Repo.one(limit(Post, 1))

      @spec titled(String.t()) :: [%Post{}]
      def titled(title), do: Repo.all(where(Post, title: ^title))

      def untold, do: :ok
    end
    """
TYPED = POST.replace("      schema", "      @type t :: %__MODULE__{}\n\n      schema")


@pytest.mark.parametrize(
    ("body", "spec"),
    [
        ('p = Repo.get!(Post, params["id"])\nshow(conn, p)', "get_post!(integer() | String.t()) :: Post.t()"),
        (
            'p = Repo.get_by(Post, title: params["t"])\nshow(conn, p)',
            "get_post_by_title(term()) :: Post.t() | nil",
        ),
        ("show(conn, Repo.all(order_by(Post, :id)))", "list_posts() :: [Post.t()]"),
        (
            (
                "case Repo.insert(Post.changeset(%Post{}, params)) do\n  {:ok, p} -> show(conn, p)\n"
                "  {:error, changeset} -> show(conn, changeset)\nend"
            ),
            "create_post(term()) :: {:ok, Post.t()} | {:error, Ecto.Changeset.t()}",
        ),
        (
            "p = Repo.insert!(Post.changeset(%Post{}, params))\nshow(conn, p)",
            "create_post!(term()) :: Post.t()",
        ),
        ('show(conn, Repo.exists?(where(Post, title: ^params["t"])))', "post_exists?(term()) :: boolean()"),
        ("show(conn, Repo.aggregate(Post, :count))", "count_posts() :: non_neg_integer()"),
    ],
    ids=["get!", "get_by", "all", "insert", "insert!", "exists?", "count"],
)
def test_a_module_that_writes_specs_gets_one(body: str, spec: str) -> None:
    after = fixed(controller(body, HEAD), {"lib/blog/posts.ex": CONTEXT, "lib/blog/posts/post.ex": TYPED})
    assert after is not None
    assert f"\n  @spec {spec}\n  def " in after["lib/blog/posts.ex"]
    plain = fixed(controller(body, HEAD), {"lib/blog/posts.ex": CONTEXT})
    assert plain is not None
    assert f"\n  @spec {spec.replace('Post.t()', '%Post{}')}\n  def " in plain["lib/blog/posts.ex"]


@pytest.mark.parametrize(
    ("body", "context"),
    [
        ("show(conn, Repo.all(select(Post, [p], p.id)))", CONTEXT),
        ("show(conn, Repo.all(from(p in Post, select: {p.id, p.title})))", CONTEXT),
        ("show(conn, Repo.paginate(Post, params))", CONTEXT),
        (
            "show(conn, Blog.Posts.titles() |> Repo.all())",
            CONTEXT.replace("untold, do: :ok", "titles, do: Post"),
        ),
        (
            "show(conn, Repo.all(order_by(Post, :id)))",
            "\n    defmodule Blog.Posts do\n      @spec a() :: 1\n      def a, do: 1\n      def b, do: 2\n    end\n",
        ),
    ],
    ids=["select", "select in from", "page", "query of another function", "a module with few specs"],
)
def test_a_type_that_is_not_known_is_not_guessed(body: str, context: str) -> None:
    after = fixed(controller(body, HEAD), {"lib/blog/posts.ex": context})
    assert after is not None
    assert after["lib/blog/posts.ex"].count("@spec") == context.count("@spec")
