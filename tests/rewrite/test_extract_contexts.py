"""Which context a repo call moves to, what its function is called, and how its call is laid out."""

from __future__ import annotations

import pytest

from tests.proof import objections
from tests.rewrite.test_extract import PATH, controller, files_of, fixed, found, text

REPO = "alias Blog.Repo"
POSTS = """
    defmodule Blog.Posts do
      import Ecto.Query

      alias Blog.Posts.Post
      alias Blog.Repo

      def get_post!(id), do: Repo.get!(Post, id)
      def published, do: where(Post, published: true)
      def newest(query), do: order_by(query, desc: :id)
    end
    """
WITH_POSTS = {"lib/blog/posts.ex": POSTS}


@pytest.mark.parametrize(
    ("body", "function", "call"),
    [
        (
            'post = Blog.Posts.get_post!(params["id"]) |> Repo.preload(:author)\nrender(conn, :show, post: post)',
            "def get_post_with_author!(id), do: get_post!(id) |> Repo.preload(:author)",
            'post = Posts.get_post_with_author!(params["id"])',
        ),
        (
            (
                'post = Repo.preload(Blog.Posts.get_post!(params["id"]), [:author, tags: :kind, notes: [], files: []])\n'
                "render(conn, :show, post: post)"
            ),
            "def get_post_with_associations!(id) do",
            'post = Posts.get_post_with_associations!(params["id"])',
        ),
        (
            "posts = Blog.Posts.published() |> Blog.Posts.newest() |> Repo.all()\nrender(conn, :index, posts: posts)",
            "def list_published_posts, do: published() |> newest() |> Repo.all()",
            "posts = Posts.list_published_posts()",
        ),
        (
            "posts = Blog.Posts.published() |> Repo.paginate(params)\nrender(conn, :index, posts: posts)",
            "def paginate_published_posts(params), do: published() |> Repo.paginate(params)",
            "posts = Posts.paginate_published_posts(params)",
        ),
        (
            (
                'post = Blog.Posts.get_post!(params["id"])\npost = Repo.preload(post, :author)\n'
                "render(conn, :show, post: post)"
            ),
            "def preload_author(post), do: Repo.preload(post, :author)",
            "post = Posts.preload_author(post)",
        ),
    ],
    ids=["preload", "many associations", "query", "page", "lone preload"],
)
def test_what_a_context_gave_is_that_contexts_to_complete(body: str, function: str, call: str) -> None:
    after = fixed(controller(body, REPO), WITH_POSTS)
    assert after is not None
    assert function in after["lib/blog/posts.ex"]
    assert call in after[PATH]
    assert "Repo" not in after[PATH]


def test_a_result_says_what_the_rows_are() -> None:
    body = """
        case Repo.update(conn.assigns.changeset) do
          {:ok, %Blog.Posts.Post{} = post} -> render(conn, :show, post: post)
          {:error, changeset} -> render(conn, :edit, changeset: changeset)
        end
        """
    after = fixed(controller(body, REPO))
    assert after is not None
    assert "def update_post(changeset), do: Repo.update(changeset)" in after["lib/blog/posts.ex"]
    assert "case Posts.update_post(conn.assigns.changeset) do" in after[PATH]


GATHERED = {
    "lib/blog/posts/post.ex": "",
    "lib/blog/schemas/post.ex": """
        defmodule Blog.Schemas.Post do
          use Ecto.Schema

          schema "posts" do
            field(:title, :string)
          end
        end
        """,
    "lib/blog/editing.ex": """
        defmodule Blog.Editing do
          alias Blog.Repo
          alias Blog.Schemas.Post

          def change_post_title(post, title), do: post |> Post.changeset(%{title: title}) |> Repo.update()
        end
        """,
    "lib/blog/billing.ex": """
        defmodule Blog.Billing do
          alias Blog.Repo

          def get_invoice!(id), do: Repo.get!("invoices", id)
        end
        """,
}


def test_a_folder_of_schemas_is_no_context_and_the_choice_is_offered() -> None:
    files = files_of(
        controller("render(conn, :index, posts: Repo.all(Post))", f"alias Blog.Schemas.Post\n  {REPO}"),
        GATHERED,
    )
    titles = [fix.title for fix in found(files)[0].fixes]
    assert titles == ["Extract into Blog.Posts", "Extract into Blog.Editing"]


def test_a_schema_that_asks_the_database_itself_keeps_doing_so() -> None:
    others = {
        "lib/blog/posts/post.ex": "",
        "lib/blog/post.ex": """
            defmodule Blog.Post do
              use Ecto.Schema

              alias Blog.Repo

              schema "posts" do
                field(:title, :string)
              end

              def first, do: Repo.one(__MODULE__)
            end
            """,
    }
    after = fixed(
        controller("render(conn, :index, posts: Repo.all(Post))", f"alias Blog.Post\n  {REPO}"), others
    )
    assert after is not None
    assert "def list_posts, do: Repo.all(__MODULE__)" in after["lib/blog/post.ex"]
    assert "posts: Post.list_posts())" in after[PATH]


def test_a_long_call_is_broken_as_the_formatter_breaks_it() -> None:
    body = """
        posts = Repo.all(where(Post, title: ^conn.assigns.title_of_the_page, author_id: ^params["author_of_this_page"]))

        render(conn, :index, posts: posts)
        """
    head = f"import Ecto.Query\n\n  alias Blog.Posts.Post\n  {REPO}"
    after = fixed(controller(body, head))
    assert after is not None
    assert after[PATH].count("Posts.list_posts(") == 1
    assert all(len(line) <= 98 for line in after[PATH].split("\n"))


def test_a_line_that_becomes_too_long_goes_below_its_arrow() -> None:
    body = """
        with %Post{title: title, author_id: author_id, inserted_at: inserted_at} <- Repo.get(Post, params["id"]) do
          render(conn, :show, title: title, author: author_id, at: inserted_at)
        end
        """
    after = fixed(controller(body, f"alias Blog.Posts.Post\n  {REPO}"))
    assert after is not None
    assert '<-\n           Posts.get_post(params["id"]) do' in after[PATH]


def private(function: str, call: str = "titles(params)", head: str = "") -> str:
    inner = "\n".join("  " + line if line else "" for line in text(function).rstrip("\n").split("\n"))
    return (
        f"defmodule BlogWeb.PostController do\n  use Phoenix.Controller\n\n  import Ecto.Query\n\n"
        f"  alias Blog.Posts.Post\n  alias Blog.Repo\n{head}\n"
        f"  def index(conn, params), do: render(conn, :index, titles: {call})\n\n{inner}\nend\n"
    )


def test_a_private_function_moves_with_all_its_clauses() -> None:
    function = """
        defp post_titles(%{"all" => "true"}), do: Repo.all(select(Post, [p], p.title))

        defp post_titles(%{"author" => id}) do
          Post
          |> where(author_id: ^id)
          |> select([p], p.title)
          |> Repo.all()
        end
        """
    after = fixed(private(function, "post_titles(params)"))
    assert after is not None
    assert after[PATH] == text(
        """
        defmodule BlogWeb.PostController do
          use Phoenix.Controller

          alias Blog.Posts

          def index(conn, params), do: render(conn, :index, titles: Posts.post_titles(params))
        end
        """
    )
    context = after["lib/blog/posts.ex"]
    assert '@doc "Post titles."\n  def post_titles(%{"all" => "true"})' in context
    assert '  def post_titles(%{"author" => id}) do' in context
    assert "import Ecto.Query" in context


@pytest.mark.parametrize(
    "function",
    [
        (
            "defp post_titles(params), do: Repo.all(from(p in Post, where: p.slug == ^slug(params)))\n"
            'defp slug(params), do: ~p"/" <> params'
        ),
        "defp post_titles(params \\\\ %{}), do: {Repo.all(Post), params}",
        "defp post_titles(conn), do: {Repo.all(Post), conn.params}",
        "defp post_titles(params), do: {Repo.all(Post), BlogWeb.Pages.of(params)}",
    ],
    ids=["helper of the web", "defaults", "conn", "web module"],
)
def test_a_private_function_of_the_request_stays(function: str) -> None:
    files = files_of(private(function, "post_titles(params)"), {})
    for finding in found(files):
        for fix in finding.fixes:
            wrong, after = objections(files, PATH, finding, fix)
            assert not wrong
            assert after is None or b"defp post_titles(" in after[PATH]


def test_a_function_that_others_call_too_is_not_taken_along() -> None:
    function = """
        defp post_titles(params), do: Repo.all(visible(Post, params))

        defp visible(query, params), do: where(query, title: ^params["title"])

        def show(conn, params), do: render(conn, :show, posts: visible(Post, params))
        """
    after = fixed(private(function, "post_titles(params)"))
    assert after is None or "defp visible" in after[PATH]


def test_a_literal_attribute_comes_along_and_another_keeps_the_function() -> None:
    function = (
        "defp post_titles(params), do: Repo.all(from(p in Post, where: p.title == ^params, limit: @page))"
    )
    after = fixed(private(function, "post_titles(params)", "\n  @page 30\n"))
    assert after is not None
    assert "@page 30\n\n  @doc" in after["lib/blog/posts.ex"]
    assert "@page" not in after[PATH]
    kept = fixed(
        private(function, "post_titles(params)", "\n  @page Application.compile_env(:blog, :page)\n")
    )
    assert kept is None or "@page Application" in kept[PATH]


def test_values_are_called_by_the_keys_that_take_them() -> None:
    body = """
        post = Repo.insert!(%Post{title: cleaned(params["a"]), author_id: cleaned(params["b"])})
        render(conn, :show, post: post)
        """
    code = controller(body, f"alias Blog.Posts.Post\n  {REPO}").replace(
        "  def index(", "  defp cleaned(text), do: text\n\n  def index("
    )
    after = fixed(code)
    assert after is not None
    assert "def create_post!(title, author_id) do" in after["lib/blog/posts.ex"] or (
        "def create_post!(title, author_id), do:" in after["lib/blog/posts.ex"]
    )
    assert 'Posts.create_post!(cleaned(params["a"]), cleaned(params["b"]))' in after[PATH]


def test_a_value_inside_of_another_parameter_is_not_handed_over_twice() -> None:
    body = """
        post = Repo.insert!(Post.changeset(%Post{title: params["title"]}, params))
        render(conn, :show, post: post)
        """
    after = fixed(controller(body, f"alias Blog.Posts.Post\n  {REPO}"))
    assert after is not None
    assert "post = Posts.create_post!(params)" in after[PATH]
    assert '%Post{title: params["title"]}' in after["lib/blog/posts.ex"]


@pytest.mark.parametrize(
    ("name", "path", "body", "call"),
    [
        (
            "PostLive",
            "lib/blog_web/live/post_live.ex",
            (
                '  def handle_event("delete", %{"id" => id}, socket) do\n'
                "    Repo.delete!(Repo.get!(Post, id))\n    {:noreply, socket}\n  end"
            ),
            "Posts.delete_post!(id)",
        ),
        (
            "PostLive",
            "lib/blog_web/live/post_live.ex",
            (
                "  def handle_info({:touched, id}, socket) do\n"
                "    {:noreply, assign(socket, :post, Repo.get(Post, id))}\n  end"
            ),
            "assign(socket, :post, Posts.get_post(id))",
        ),
        (
            "PostLive",
            "lib/blog_web/live/post_live.ex",
            (
                "  def mount(_params, _session, socket) do\n"
                "    {:ok, assign_async(socket, :posts, fn -> {:ok, %{posts: Repo.all(Post)}} end)}\n  end"
            ),
            "fn -> {:ok, %{posts: Posts.list_posts()}} end",
        ),
        (
            "PostComponent",
            "lib/blog_web/live/post_component.ex",
            (
                "  def update(%{id: id} = assigns, socket) do\n"
                "    {:ok, socket |> assign(assigns) |> assign(:post, Repo.get!(Post, id))}\n  end"
            ),
            "assign(:post, Posts.get_post!(id))",
        ),
        (
            "PostChannel",
            "lib/blog_web/channels/post_channel.ex",
            (
                '  def handle_in("load", %{"id" => id}, socket) do\n'
                "    {:reply, {:ok, %{title: Repo.get!(Post, id).title}}, socket}\n  end"
            ),
            "%{title: Posts.get_post!(id).title}",
        ),
    ],
    ids=["a query in a write", "handle_info", "assign_async", "update", "handle_in"],
)
def test_callbacks_of_live_views_and_channels(name: str, path: str, body: str, call: str) -> None:
    used = {"PostLive": "LiveView", "PostComponent": "LiveComponent", "PostChannel": "Channel"}[name]
    code = f"defmodule BlogWeb.{name} do\n  use Phoenix.{used}\n\n  alias Blog.Posts.Post\n  alias Blog.Repo\n\n{body}\nend\n"
    after = fixed(code, path=path)
    assert after is not None and call in after[path] and "Repo" not in after[path]


def test_a_query_that_a_function_of_the_module_makes_does_not_move_without_it() -> None:
    code = controller(
        "render(conn, :index, posts: Repo.all(visible(params)))", f"import Ecto.Query\n\n  {REPO}"
    )
    query = "  defp visible(params), do: from(p in Blog.Posts.Post, where: p.title == ^params)\n\n"
    assert fixed(code.replace("  def index(", query + "  def index(")) is None
