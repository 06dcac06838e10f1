"""What becomes of several writes is compiled by Elixir and run, with small stand-ins for Ecto."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.proof import HAS_ELIXIR
from tests.rewrite.test_extract import controller, fixed

pytestmark = [pytest.mark.elixir, pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed")]

# Rows are kept in the process; a transaction that fails or raises puts back what was there.
_STAND_INS = """\
defmodule Ecto.Multi do
  def new, do: []
  def insert(multi, name, value), do: multi ++ [{name, :insert, value}]
  def update(multi, name, value), do: multi ++ [{name, :update, value}]
end

defmodule Blog.Repo do
  def rows, do: Process.get(:rows, [])

  def insert(%{title: "bad"} = row), do: {:error, {:invalid, row}}
  def insert(row), do: {:ok, put(Map.put(row, :id, length(rows()) + 1))}
  def update(row), do: insert(row)

  def insert!(row) do
    case insert(row) do
      {:ok, row} -> row
      {:error, _} -> raise "invalid"
    end
  end

  def transaction(fun) when is_function(fun, 0) do
    before = rows()

    try do
      {:ok, fun.()}
    rescue
      error ->
        Process.put(:rows, before)
        reraise error, __STACKTRACE__
    end
  end

  def transaction(steps) do
    before = rows()

    Enum.reduce_while(steps, {:ok, %{}}, fn {name, action, value}, {:ok, done} ->
      value = if is_function(value), do: value.(done), else: value

      case apply(__MODULE__, action, [value]) do
        {:ok, row} ->
          {:cont, {:ok, Map.put(done, name, row)}}

        {:error, changeset} ->
          Process.put(:rows, before)
          {:halt, {:error, name, changeset, done}}
      end
    end)
  end

  defp put(row) do
    Process.put(:rows, rows() ++ [row])
    row
  end
end

defmodule Blog.Posts.Post do
  defstruct [:id, :title]
  def changeset(post, params), do: %{post | title: params["title"]}
end

defmodule Blog.People.Author do
  defstruct [:id, :title, :post_id]
end

"""
_HEAD = "alias Blog.People.Author\n  alias Blog.Posts.Post\n  alias Blog.Repo"
_CASE = """
    case Repo.insert(Post.changeset(%Post{}, params)) do
      {:ok, post} ->
        Repo.insert!(%Author{post_id: post.id, title: params["author"]})
        render(conn, :show, post: post)

      {:error, changeset} ->
        render(conn, :new, changeset: changeset)
    end
    """
_WITH = """
    with {:ok, post} <- Repo.insert(Post.changeset(%Post{}, params)),
         {:ok, _author} <- Repo.insert(%Author{post_id: post.id, title: params["author"]}) do
      render(conn, :show, post: post)
    end
    """
_RUN = """
    post = Repo.insert!(Post.changeset(%Post{}, params))
    Repo.insert!(%Author{post_id: post.id, title: params["author"]})
    render(conn, :show, post: post)
    """
_ANSWERS = """
{:ok, %Post{id: 1, title: "t"}} = Posts.create_post({first})
[%Post{}, %Author{post_id: 1}] = Repo.rows()
Process.put(:rows, [])
{:error, {:invalid, %Author{}}} = Posts.create_post({second})
[] = Repo.rows()
{:error, {:invalid, %Post{}}} = Posts.create_post({third})
[] = Repo.rows()
"""
_RAISES = """
%Post{id: 1, title: "t"} = Posts.create_post!({first})
[%Post{}, %Author{post_id: 1}] = Repo.rows()
Process.put(:rows, [])

try do
  Posts.create_post!({second})
  raise "it did not fail"
rescue
  error in RuntimeError -> "invalid" = error.message
end

[] = Repo.rows()
"""


@pytest.mark.parametrize(
    ("body", "checks"), [(_CASE, _ANSWERS), (_WITH, _ANSWERS), (_RUN, _RAISES)], ids=["case", "with", "bang"]
)
def test_what_fails_leaves_nothing_behind(body: str, checks: str, tmp_path: Path) -> None:
    after = fixed(controller(body, _HEAD))
    assert after is not None
    context = after["lib/blog/posts.ex"]
    written = checks
    for name, params in (
        ("first", '%{"title" => "t", "author" => "a"}'),
        ("second", '%{"title" => "t", "author" => "bad"}'),
        ("third", '%{"title" => "bad", "author" => "a"}'),
    ):
        written = written.replace("{" + name + "}", params)
    names = "alias Blog.{Posts, Repo}\nalias Blog.Posts.Post\nalias Blog.People.Author\n"
    library, script = tmp_path / "library.exs", tmp_path / "run.exs"
    library.write_text(_STAND_INS + context)
    script.write_text(names + written + 'IO.puts("all right")\n')
    run = subprocess.run(
        ["elixir", "-r", str(library), str(script)], capture_output=True, text=True, timeout=120, check=False
    )
    assert "all right" in run.stdout, run.stderr[-2000:] + context
