"""Extraction into a context, on shapes that the rule's examples do not have."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from otpwise_analyzers.findings import Finding
from tests.proof import HAS_ELIXIR, elixir_verdicts, findings_in, objections

RULES = ("phoenix/repo-in-web", "phoenix/writes-without-transaction")

REPO = """
    defmodule Blog.Repo do
      use Ecto.Repo, otp_app: :blog, adapter: Ecto.Adapters.Postgres
    end
    """
POST = """
    defmodule Blog.Posts.Post do
      use Ecto.Schema

      schema "posts" do
        field(:title, :string)
        belongs_to(:author, Blog.People.Author)
      end
    end
    """
AUTHOR = """
    defmodule Blog.People.Author do
      use Ecto.Schema

      schema "authors" do
        has_many(:posts, Blog.Posts.Post)
      end
    end
    """
BASE = {
    "lib/blog/repo.ex": REPO,
    "lib/blog/posts/post.ex": POST,
    "lib/blog/people/author.ex": AUTHOR,
}
PATH = "lib/blog_web/controllers/post_controller.ex"


def files_of(code: str, others: dict[str, str], path: str = PATH) -> dict[str, bytes]:
    files = {name: dedent(text).lstrip("\n").encode() for name, text in {**BASE, **others}.items()}
    files[path] = dedent(code).lstrip("\n").encode()
    return files


def found(files: dict[str, bytes], path: str = PATH) -> list[Finding]:
    return [finding for finding in findings_in(files, path)[1] if finding.rule in RULES]


def fixed(code: str, others: dict[str, str] | None = None, path: str = PATH) -> dict[str, str] | None:
    """The project after the first fix of the first finding; None when none is offered."""
    files = files_of(code, others or {}, path)
    findings = found(files, path)
    assert findings
    for fix in findings[0].fixes:
        wrong, after = objections(files, path, findings[0], fix)
        assert not wrong
        if after is not None:
            return {name: data.decode() for name, data in after.items()}
    return None


def text(code: str) -> str:
    return dedent(code).lstrip("\n")


def controller(body: str, head: str = "alias Blog.Posts.Post\n  alias Blog.Repo") -> str:
    inner = "\n".join("    " + line if line else "" for line in dedent(body).strip("\n").split("\n"))
    return (
        f"defmodule BlogWeb.PostController do\n  use Phoenix.Controller\n\n  {head}\n\n"
        f"  def index(conn, params) do\n{inner}\n  end\nend\n"
    )


def test_a_missing_context_is_created_with_its_documentation() -> None:
    after = fixed(controller("render(conn, :index, posts: Repo.all(Post))"))
    assert after is not None
    assert after["lib/blog/posts.ex"] == text(
        """
        defmodule Blog.Posts do
          @moduledoc "What the application does with posts."

          alias Blog.Posts.Post
          alias Blog.Repo

          @doc "Lists posts."
          def list_posts, do: Repo.all(Post)
        end
        """
    )
    assert "render(conn, :index, posts: Posts.list_posts())" in after[PATH]
    assert "alias Blog.Posts\n" in after[PATH]
    assert "Repo" not in after[PATH]


def test_a_function_of_that_name_with_another_meaning_is_left_alone() -> None:
    context = """
        defmodule Blog.Posts do
          def get_post!(slug), do: slug |> String.downcase() |> find!()
          defp find!(slug), do: slug
        end
        """
    after = fixed(
        controller('post = Repo.get!(Post, params["id"])\nrender(conn, :show, post: post)'),
        {"lib/blog/posts.ex": context},
    )
    assert after is not None
    assert "def get_post!(slug), do:" in after["lib/blog/posts.ex"]
    assert "def get_post_by_id!(id), do: Repo.get!(Post, id)" in after["lib/blog/posts.ex"]
    assert 'Posts.get_post_by_id!(params["id"])' in after[PATH]


def test_the_same_function_in_another_form_is_reused() -> None:
    context = """
        defmodule Blog.Posts do
          alias Blog.Posts.Post
          alias Blog.Repo, as: DB

          def change(attrs, post) do
            post
            |> Post.changeset(attrs)
            |> DB.update()
          end
        end
        """
    body = """
        changeset = Post.changeset(conn.assigns.post, params)

        case Repo.update(changeset) do
          {:ok, post} -> render(conn, :show, post: post)
          {:error, changeset} -> render(conn, :edit, changeset: changeset)
        end
        """
    after = fixed(controller(body), {"lib/blog/posts.ex": context})
    assert after is not None
    assert after["lib/blog/posts.ex"] == text(context)
    assert "case Posts.change(params, conn.assigns.post) do" in after[PATH]
    assert "changeset = " not in after[PATH]


def test_aliases_with_another_name_are_followed_on_both_sides() -> None:
    context = """
        defmodule Blog.Posts do
          alias Blog.Posts.Post, as: Entry

          def title(%Entry{title: title}), do: title
        end
        """
    head = "alias Blog.Posts.Post, as: Article\n  alias Blog.Repo, as: Store"
    after = fixed(
        controller("render(conn, :index, posts: Store.all(Article))", head), {"lib/blog/posts.ex": context}
    )
    assert after is not None
    assert "def list_posts, do: Repo.all(Entry)" in after["lib/blog/posts.ex"]
    assert "alias Blog.Repo\n" in after["lib/blog/posts.ex"]
    assert "Article" not in after[PATH] and "Store" not in after[PATH]


def test_the_short_name_of_the_context_may_be_taken() -> None:
    head = "alias Blog.Posts.Post\n  alias Blog.Repo\n  alias BlogWeb.Feeds.Posts"
    after = fixed(controller("render(conn, :index, posts: Repo.all(Post), feed: Posts.feed())", head))
    assert after is not None
    assert "posts: Blog.Posts.list_posts(), feed: Posts.feed()" in after[PATH]
    assert "alias Blog.Posts\n" not in after[PATH]


def test_in_an_umbrella_the_context_lies_in_the_app_of_its_schema() -> None:
    others = {
        "mix.exs": 'defmodule Blog.Umbrella do\n  def project, do: [apps_path: "apps"]\nend\n',
        "apps/blog/mix.exs": "defmodule Blog.MixProject do\n  def project, do: [app: :blog]\nend\n",
        "apps/blog_web/mix.exs": "defmodule BlogWeb.MixProject do\n  def project, do: [app: :blog_web]\nend\n",
        "apps/blog/lib/blog/repo.ex": REPO,
        "apps/blog/lib/blog/posts/post.ex": POST,
        "lib/blog/repo.ex": "",
        "lib/blog/posts/post.ex": "",
    }
    path = "apps/blog_web/lib/blog_web/controllers/post_controller.ex"
    after = fixed(controller("render(conn, :index, posts: Repo.all(Post))"), others, path)
    assert after is not None
    assert "def list_posts" in after["apps/blog/lib/blog/posts.ex"]


def test_queries_take_their_import_along_and_values_of_the_request_become_parameters() -> None:
    body = """
        query = from(p in Post, where: p.author_id == ^conn.assigns.author.id, limit: ^params["limit"])
        render(conn, :index, posts: Repo.all(query))
        """
    head = "import Ecto.Query\n\n  alias Blog.Posts.Post\n  alias Blog.Repo"
    after = fixed(controller(body, head))
    assert after is not None
    assert "import Ecto.Query" in after["lib/blog/posts.ex"]
    assert "def list_posts(author, limit) do" in after["lib/blog/posts.ex"]
    assert "where: p.author_id == ^author.id, limit: ^limit" in after["lib/blog/posts.ex"]
    assert 'posts: Posts.list_posts(conn.assigns.author, params["limit"])' in after[PATH]
    assert "Ecto.Query" not in after[PATH]


def test_an_association_leads_to_the_schema_behind_it() -> None:
    body = """
        author = conn.assigns.author
        render(conn, :index, posts: author |> Ecto.assoc(:posts) |> Repo.all())
        """
    after = fixed(controller(body, "alias Blog.Repo"))
    assert after is not None
    assert (
        "def list_posts(author), do: author |> Ecto.assoc(:posts) |> Repo.all()" in after["lib/blog/posts.ex"]
    )


def test_windows_line_endings_stay() -> None:
    files = files_of(controller("render(conn, :index, posts: Repo.all(Post))"), {})
    files[PATH] = files[PATH].replace(b"\n", b"\r\n")
    finding = found(files)[0]
    wrong, after = objections(files, PATH, finding, finding.fixes[0])
    assert not wrong and after is not None
    assert after[PATH].count(b"\n") == after[PATH].count(b"\r\n")


@pytest.mark.parametrize(
    "body",
    [
        "render(conn, :index, posts: Repo.all(BlogWeb.Scopes.visible(Post)))",
        "render(conn, :index, posts: Enum.map([1, 2], &Repo.get(Post, &1)))",
        "render(conn, :index, posts: Repo.all(scoped(conn)), rows: Repo.query!(params))",
        "Repo.transaction(fn -> Repo.delete_all(Post) end)\nrender(conn, :index)",
        "render(conn, :index, posts: Repo.preload(params, :author))",
        'render(conn, :index, post: Repo.get_by(Post, slug: ~p"/x"))',
    ],
    ids=["web module", "capture", "raw SQL", "transaction", "lone preload", "route sigil"],
)
def test_what_cannot_move_is_not_offered(body: str) -> None:
    files = files_of(controller(body), {})
    for finding in found(files):
        for fix in finding.fixes:
            wrong, after = objections(files, PATH, finding, fix)
            assert not wrong
            assert after is None


def test_two_calls_of_one_action_move_together() -> None:
    body = """
        post = Repo.get!(Post, params["id"])
        authors = Repo.all(Author)
        render(conn, :show, post: post, authors: authors)
        """
    after = fixed(controller(body, "alias Blog.People.Author\n  alias Blog.Posts.Post\n  alias Blog.Repo"))
    assert after is not None
    assert "def get_post!(id), do: Repo.get!(Post, id)" in after["lib/blog/posts.ex"]
    assert "def list_authors, do: Repo.all(Author)" in after["lib/blog/people.ex"]
    assert "alias Blog.People\n  alias Blog.Posts\n" in after[PATH]


@pytest.mark.elixir
@pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed")
def test_elixir_finds_the_results_well_formed_and_formatted(tmp_path: Path) -> None:
    bodies = [
        'post = Repo.get!(Post, params["id"])\nrender(conn, :show, post: post)',
        "posts =\n  Post\n  |> Repo.all()\n  |> Repo.preload(:author)\n\nrender(conn, :index, posts: posts)",
        "Post |> Repo.all() |> Enum.map(& &1.id) |> then(&json(conn, &1))",
        "post = Repo.insert!(%Post{\n  title: params\n})\nrender(conn, :show, post: post)",
    ]
    texts: list[bytes] = []
    for body in bodies:
        after = fixed(controller(body))
        assert after is not None, body
        texts.extend(after[name].encode() for name in (PATH, "lib/blog/posts.ex"))
    assert [verdict for verdict in elixir_verdicts(texts, tmp_path) if verdict[0] != "ok"] == []


def test_an_alias_of_several_lines_keeps_its_distance() -> None:
    head = "alias Blog.{\n    People.Author,\n    Posts.Post,\n    Repo\n  }"
    code = controller("render(conn, :index, posts: Repo.all(Post), one: %Post{}, by: %Author{})", head)
    after = fixed(code)
    assert after is not None
    assert (
        "  alias Blog.{\n    People.Author,\n    Posts.Post\n  }\n\n  alias Blog.Posts\n\n  def"
        in after[PATH]
    )


def test_what_only_comments_and_texts_name_keeps_no_alias() -> None:
    body = """
        # The Post of the day.
        render(conn, :index, posts: Repo.all(Post), title: "Repo and Post")
        """
    after = fixed(controller(body, "alias Blog.{Posts.Post, Repo}"))
    assert after is not None
    assert "alias Blog.Posts\n" in after[PATH]
    assert "{" not in after[PATH].partition("def index")[0]
    assert "Post, Repo" not in after[PATH]


def test_writes_that_belong_together_are_not_taken_apart() -> None:
    body = """
        if params["draft"] do
          Repo.update(Post.changeset(%Post{}, params))
          Repo.delete(%Author{})
        end

        render(conn, :show)
        """
    assert (
        fixed(controller(body, "alias Blog.People.Author\n  alias Blog.Posts.Post\n  alias Blog.Repo"))
        is None
    )


def test_several_moved_assignments_leave_no_blank_line_behind() -> None:
    body = """
        post = %Post{}

        changeset = Post.changeset(post, params)

        case Repo.insert(changeset) do
          {:ok, post} -> render(conn, :show, post: post)
          {:error, changeset} -> render(conn, :new, changeset: changeset)
        end
        """
    after = fixed(controller(body))
    assert after is not None
    assert "def index(conn, params) do\n    case Posts.create_post(params) do\n" in after[PATH]
