"""Transactions, and several calls in one expression, that move into a context."""

from __future__ import annotations

import pytest

from tests.rewrite.test_extract import PATH, controller, fixed

HEAD = "alias Blog.People.Author\n  alias Blog.Posts.Post\n  alias Blog.Repo"


def action(name: str, body: str, head: str = HEAD) -> str:
    return controller(body, head).replace("def index(", f"def {name}(")


def test_a_transaction_moves_as_a_whole() -> None:
    body = """
        {:ok, post} =
          Repo.transaction(fn ->
            post = Repo.insert!(Post.changeset(%Post{}, params))
            Repo.insert!(%Author{post_id: post.id})
            post
          end)

        render(conn, :show, post: post)
        """
    after = fixed(action("create", body))
    assert after is not None
    assert (
        '  @doc "Creates a post, all or nothing."\n'
        "  def create_post(params) do\n"
        "    Repo.transaction(fn ->\n"
        "      post = Repo.insert!(Post.changeset(%Post{}, params))\n"
        "      Repo.insert!(%Author{post_id: post.id})\n"
        "      post\n"
        "    end)\n"
        "  end\n"
    ) in after["lib/blog/posts.ex"]
    assert "{:ok, post} = Posts.create_post(params)" in after[PATH]
    assert "Repo" not in after[PATH]


def test_a_multi_moves_with_its_steps() -> None:
    body = """
        multi =
          Multi.new()
          |> Multi.insert(:post, Post.changeset(%Post{}, params))
          |> Multi.insert(:author, fn %{post: post} -> %Author{post_id: post.id} end)

        case Repo.transaction(multi) do
          {:ok, %{post: post}} -> render(conn, :show, post: post)
          {:error, _step, changeset, _changes} -> render(conn, :new, changeset: changeset)
        end
        """
    after = fixed(action("create", body, f"alias Ecto.Multi\n  {HEAD}"))
    assert after is not None
    assert "case Posts.create_post(params) do" in after[PATH]
    assert "Multi" not in after[PATH]
    assert "alias Ecto.Multi" in after["lib/blog/posts.ex"]
    assert "Repo.transaction(multi)" in after["lib/blog/posts.ex"]


@pytest.mark.parametrize(
    "body",
    [
        "changes = build(params)\n{:ok, _} = Repo.transaction(changes)\nrender(conn, :show)",
        "Repo.transaction(fn -> Repo.insert!(%Post{title: slug(conn)}) end)\nrender(conn, :show)",
        "Repo.transaction(fn -> render(conn, :show, post: Repo.insert!(%Post{})) end)",
    ],
    ids=["steps made elsewhere", "something asked of the request inside", "the answer inside"],
)
def test_a_transaction_with_something_of_the_request_stays(body: str) -> None:
    assert fixed(action("create", body)) is None


def test_what_is_found_and_deleted_is_deleted_in_one() -> None:
    body = """
        Post
        |> Repo.get_by!(slug: params["slug"])
        |> Repo.delete!()

        redirect(conn, to: "/")
        """
    after = fixed(action("delete", body))
    assert after is not None
    assert (
        "  def delete_post!(slug) do\n    Post\n    |> Repo.get_by!(slug: slug)\n    |> Repo.delete!()\n  end\n"
        in after["lib/blog/posts.ex"]
    )
    assert 'Posts.delete_post!(params["slug"])' in after[PATH]


def test_comments_go_where_their_statements_go() -> None:
    body = """
        # Titles are unique.
        changeset = Post.changeset(%Post{}, params)

        case Repo.insert(changeset) do
          {:ok, post} ->
            # The byline is read by the feed.
            Repo.insert!(%Author{post_id: post.id})
            render(conn, :show, post: post)

          {:error, changeset} ->
            render(conn, :new, changeset: changeset)
        end
        """
    after = fixed(action("create", body))
    assert after is not None
    context = after["lib/blog/posts.ex"]
    assert "    # Titles are unique.\n    # The byline is read by the feed.\n    Multi.new()\n" in context
    assert "#" not in after[PATH]


def test_a_comment_above_a_folded_query_goes_along() -> None:
    body = """
        # Drafts are nobody's business.
        query = from(p in Post, where: p.published)
        render(conn, :index, posts: Repo.all(query))
        """
    after = fixed(action("index", body, f"import Ecto.Query\n\n  {HEAD}"))
    assert after is not None
    assert "    # Drafts are nobody's business.\n    query = from(" in after["lib/blog/posts.ex"]
    assert "#" not in after[PATH]


def test_the_writing_clauses_of_a_with_become_one_multi() -> None:
    body = """
        with %Post{} = post <- Repo.get(Post, params["id"]),
             {:ok, %Post{} = post} <- Repo.update(Post.changeset(post, params)),
             {:ok, _author} <- Repo.insert(%Author{post_id: post.id}) do
          render(conn, :show, post: post)
        end
        """
    after = fixed(action("update", body))
    assert after is not None
    assert "{:ok, %Post{} = post} <- Posts.update_post(post, params) do" in after[PATH]
    context = after["lib/blog/posts.ex"]
    assert "|> Multi.update(:post, Post.changeset(post, params))" in context
    assert "|> Multi.insert(:author, fn %{post: post} ->" in context
    assert "{:error, _step, changeset, _changes} ->\n        {:error, changeset}" in context


@pytest.mark.parametrize(
    "body",
    [
        """
        with {:ok, post} <- Repo.update(Post.changeset(%Post{}, params)),
             {:ok, author} <- Repo.insert(%Author{post_id: post.id}) do
          render(conn, :show, post: post, author: author)
        end
        """,
        """
        with {:ok, post} <- Repo.update(Post.changeset(%Post{}, params)),
             # Who wrote it.
             {:ok, _author} <- Repo.insert(%Author{post_id: post.id}) do
          render(conn, :show, post: post)
        end
        """,
    ],
    ids=["both results are used", "a comment between the clauses"],
)
def test_a_with_that_one_result_does_not_answer_stays(body: str) -> None:
    assert fixed(action("update", body)) is None


def test_writes_that_raise_move_into_one_transaction() -> None:
    body = """
        changeset = Post.changeset(%Post{}, params)
        # The byline comes first.
        post = Repo.insert!(changeset)

        %Author{post_id: post.id}
        |> Author.changeset(params)
        |> Repo.insert!()

        render(conn, :show, post: post)
        """
    after = fixed(action("create", body))
    assert after is not None
    assert "    post = Posts.create_post!(params)\n\n    render(conn" in after[PATH]
    assert "#" not in after[PATH]
    assert (
        "  def create_post!(params) do\n"
        "    changeset = Post.changeset(%Post{}, params)\n\n"
        "    {:ok, post} =\n"
        "      Repo.transaction(fn ->\n"
        "        # The byline comes first.\n"
        "        post = Repo.insert!(changeset)\n\n"
        "        %Author{post_id: post.id}\n"
        "        |> Author.changeset(params)\n"
        "        |> Repo.insert!()\n\n"
        "        post\n"
        "      end)\n\n"
        "    post\n"
        "  end\n"
    ) in after["lib/blog/posts.ex"]


@pytest.mark.parametrize(
    "body",
    [
        "post = Repo.insert!(%Post{title: params})\nRepo.insert!(%Author{post_id: post.id})",
        (
            "post = Repo.insert!(%Post{title: params})\nconn = put_flash(conn, :info, post.title)\n"
            "Repo.insert!(%Author{post_id: post.id})\nrender(conn, :show, post: post)"
        ),
        "%{id: id} = Repo.insert!(%Post{title: params})\nRepo.insert!(%Author{post_id: id})\nrender(conn, :show)",
    ],
    ids=["the answer is the last write", "the request between the writes", "a pattern"],
)
def test_writes_that_raise_and_need_more_than_a_name_stay(body: str) -> None:
    assert fixed(action("create", body)) is None


UMBRELLA = {
    "mix.exs": 'defmodule Blog.Umbrella do\n  def project, do: [apps_path: "apps"]\nend\n',
    "apps/blog/mix.exs": "defmodule Blog.MixProject do\n  def project, do: [app: :blog]\nend\n",
    "lib/blog/repo.ex": "",
    "lib/blog/posts/post.ex": "",
    "lib/blog/people/author.ex": "",
    "apps/blog/lib/blog/repo.ex": "defmodule Blog.Repo do\n  use Ecto.Repo, otp_app: :blog\nend\n",
    "apps/blog/lib/blog/media/media.ex": "defmodule Blog.Media do\n  def list, do: Blog.Repo.all(Blog.Media.Image)\nend\n",
}
WEB = "apps/blog_web/lib/blog_web/controllers/post_controller.ex"
SCHEMA = 'defmodule {} do\n  use Ecto.Schema\n\n  schema "rows" do\n    field(:title, :string)\n  end\nend\n'


def mix(*deps: str) -> str:
    listed = ", ".join(f"{{:{dep}, in_umbrella: true}}" for dep in deps)
    return (
        "defmodule BlogWeb.MixProject do\n  def project, do: [app: :blog_web, deps: deps()]\n"
        f"  defp deps, do: [{listed}]\nend\n"
    )


def test_in_an_umbrella_a_new_context_lies_as_the_others_do() -> None:
    others = {
        **UMBRELLA,
        "apps/blog_web/mix.exs": mix("blog"),
        "apps/blog/lib/blog/posts/post.ex": SCHEMA.format("Blog.Posts.Post"),
    }
    after = fixed(
        controller("render(conn, :index, posts: Repo.all(Post))", "alias Blog.Posts.Post\n  alias Blog.Repo"),
        others,
        WEB,
    )
    assert after is not None
    assert "def list_posts" in after["apps/blog/lib/blog/posts/posts.ex"]


def test_an_app_that_the_web_does_not_depend_on_is_no_place_for_it() -> None:
    body = """
        post = Store.load(params["id"])
        render(conn, :index, post: Repo.preload(post, :author))
        """
    store = {
        **UMBRELLA,
        "apps/blog_web/mix.exs": mix("blog"),
        "apps/press/mix.exs": "defmodule Press.MixProject do\n  def project, do: [app: :press]\nend\n",
        "apps/press/lib/press/posts/post.ex": SCHEMA.format("Press.Posts.Post"),
    }
    code = controller(body, "alias Blog.Repo")
    assert fixed(code, store, WEB) is None
    reached = {**store, "apps/blog_web/mix.exs": mix("blog", "press")}
    after = fixed(code, reached, WEB)
    assert after is not None
    assert "def preload_author(post)" in after["apps/press/lib/press/posts.ex"]
