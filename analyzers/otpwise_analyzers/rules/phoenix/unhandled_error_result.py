"""A controller's `case` on a write that only knows success."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tree_sitter import Node

from otpwise_analyzers.findings import Applicability, Confidence, Finding, Fix, Level
from otpwise_analyzers.project.actions import REPO_WRITES, action_of, call_at, subject_of
from otpwise_analyzers.project.places import is_production_code
from otpwise_analyzers.project.roles import Role, has_role, is_web_name
from otpwise_analyzers.rewrite.error_clause import error_clause
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Reference, Rule
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition
from otpwise_analyzers.syntax.results import is_tagged

_WRITES = re.compile(
    r"(create|insert|update|delete|register|add|remove|save|change|invite|upsert|post|send|publish|archive|set)_\w+"
)


class UnhandledErrorResult(Rule):
    name = "phoenix/unhandled-error-result"
    summary = "a controller's `case` on a write without a clause for `{:error, changeset}`"
    impact = Impact.HIGH
    detects = (
        "In a controller: a `case` on `Repo.insert`, `update`, `delete` or on a context's function that creates, "
        "updates or deletes, whose every clause is `{:ok, ...}`."
    )
    why = (
        "The first invalid form raises `CaseClauseError`: the user gets a page that says 500 instead of which field "
        "is wrong, and the error tracker gets an alarm for every typo."
    )
    fine_when = "The write cannot fail; then the bang function (`Repo.insert!`) says so."
    trade_off = "A clause for each action. `action_fallback` with `with` answers all of a controller's errors in one place."
    fix_note = FixNote(
        writes=(
            "The clause for `{:error, changeset}` in the action's own format. JSON: status 422 with the "
            "errors by field. HTML: the form again as `new` or `edit` renders it. Redirects: to the same "
            "place with a flash."
        ),
        because="Unsafe, for the answer is yours to word. What comes now was a 500 before.",
        leaves="An action whose format cannot be told, and one with an `action_fallback`, which is not reported.",
    )
    references = (
        Reference("Ecto.Repo: insert/2", "https://hexdocs.pm/ecto/Ecto.Repo.html#c:insert/2"),
        Reference(
            "Phoenix guides: Action fallback",
            "https://hexdocs.pm/phoenix/controllers.html#action-fallback",
        ),
    )
    calls = frozenset({"case"})
    needles = (b"{:ok,",)

    incorrect = (
        Example(
            """\
            defmodule MyAppWeb.UserController do
              use MyAppWeb, :controller

              alias MyApp.Accounts.User
              alias MyApp.Repo

              def create(conn, params) do
                «case Repo.insert(User.changeset(%User{}, params))» do
                  {:ok, user} -> json(conn, %{data: %{id: user.id}})
                end
              end
            end
            """,
            path="lib/my_app_web/controllers/user_controller.ex",
            fixed="""\
            defmodule MyAppWeb.UserController do
              use MyAppWeb, :controller

              alias MyApp.Accounts.User
              alias MyApp.Repo

              def create(conn, params) do
                case Repo.insert(User.changeset(%User{}, params)) do
                  {:ok, user} ->
                    json(conn, %{data: %{id: user.id}})

                  {:error, changeset} ->
                    errors = Ecto.Changeset.traverse_errors(changeset, &elem(&1, 0))
                    conn |> put_status(422) |> json(%{errors: errors})
                end
              end
            end
            """,
        ),
        Example(
            """\
            defmodule MyAppWeb.PostController do
              use MyAppWeb, :controller

              alias MyApp.Blog

              def new(conn, _params) do
                render(conn, "new.html", changeset: Blog.change_post())
              end

              def create(conn, %{"post" => params}) do
                «case Blog.create_post(conn.assigns.current_user, params)» do
                  {:ok, post} ->
                    # straight to what was written
                    redirect(conn, to: "/posts/#{post.id}")
                end
              end
            end
            """,
            path="lib/my_app_web/controllers/post_controller.ex",
            others={
                "lib/my_app/blog.ex": """\
                defmodule MyApp.Blog do
                  def change_post, do: %{}
                  def create_post(_user, _params), do: {:error, :none}
                end
                """,
            },
            fixed="""\
            defmodule MyAppWeb.PostController do
              use MyAppWeb, :controller

              alias MyApp.Blog

              def new(conn, _params) do
                render(conn, "new.html", changeset: Blog.change_post())
              end

              def create(conn, %{"post" => params}) do
                case Blog.create_post(conn.assigns.current_user, params) do
                  {:ok, post} ->
                    # straight to what was written
                    redirect(conn, to: "/posts/#{post.id}")

                  {:error, %Ecto.Changeset{} = changeset} ->
                    render(conn, "new.html", changeset: changeset)
                end
              end
            end
            """,
        ),
        Example(
            """\
            defmodule MyAppWeb.PostController do
              use MyAppWeb, :controller

              def delete(conn, %{"id" => id}) do
                post = MyApp.Blog.get_post!(id)

                post
                |> MyApp.Repo.delete()
                |> «case» do
                  {:ok, _post} -> redirect(conn, to: "/posts")
                end
              end
            end
            """,
            path="lib/my_app_web/controllers/post_controller.ex",
            fixed="""\
            defmodule MyAppWeb.PostController do
              use MyAppWeb, :controller

              def delete(conn, %{"id" => id}) do
                post = MyApp.Blog.get_post!(id)

                post
                |> MyApp.Repo.delete()
                |> case do
                  {:ok, _post} ->
                    redirect(conn, to: "/posts")

                  {:error, _changeset} ->
                    conn
                    |> put_flash(:error, "That could not be deleted.")
                    |> redirect(to: "/posts")
                end
              end
            end
            """,
        ),
    )
    correct = (
        Example(
            """\
            defmodule MyAppWeb.UserController do
              use MyAppWeb, :controller

              def create(conn, params) do
                case MyApp.Accounts.create_user(params) do
                  {:ok, user} -> json(conn, %{data: %{id: user.id}})
                  {:error, _changeset} -> send_resp(conn, 422, "")
                end
              end

              def update(conn, params) do
                case MyApp.Accounts.update_user(params) do
                  {:ok, user} -> json(conn, %{data: %{id: user.id}})
                  _refused -> send_resp(conn, 422, "")
                end
              end
            end
            """,
            path="lib/my_app_web/controllers/user_controller.ex",
            why="both results are answered",
        ),
        Example(
            """\
            defmodule MyAppWeb.UserController do
              use MyAppWeb, :controller

              action_fallback(MyAppWeb.FallbackController)

              def create(conn, params) do
                case MyApp.Repo.insert(MyApp.Accounts.User.changeset(params)) do
                  {:ok, user} -> json(conn, %{data: %{id: user.id}})
                end
              end
            end
            """,
            path="lib/my_app_web/controllers/user_controller.ex",
            why="the controller has a place for its errors, which the team keeps",
        ),
        Example(
            """\
            defmodule MyApp.Importer do
              alias MyApp.Repo

              def run(changeset) do
                case Repo.insert(changeset) do
                  {:ok, row} -> row
                end
              end
            end
            """,
            why="an import that must stop at the first bad row, no answer to a user",
        ),
        Example(
            """\
            defmodule MyAppWeb.PageController do
              use MyAppWeb, :controller

              def show(conn, %{"url" => url}) do
                case HTTPClient.post_json(url) do
                  {:ok, page} -> json(conn, %{data: page})
                end
              end
            end
            """,
            path="lib/my_app_web/controllers/page_controller.ex",
            others={"lib/my_app/blog.ex": "defmodule MyApp.Blog do\nend\n"},
            why="a library's function, of whose errors nothing is known here",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if b"conn" not in file.data or not is_production_code(file.path):
            return
        if not any(has_role(module, Role.CONTROLLER) for module in file.modules):
            return
        for case in file.calls("case"):
            action = action_of(case) if case.is_local and case.do_block is not None else None
            if action is None or action.module is None or _has_fallback(file, action):
                continue
            subject = subject_of(case.node)
            write = call_at(file, subject) if subject is not None else None
            if subject is None or write is None or not _knows_only_success(case, file):
                continue
            to_repo = file.project.is_repo(write.module) and write.name in REPO_WRITES
            if not to_repo and not _is_context_write(file, write):
                continue
            yield self.finding(
                _span(case, subject),
                _message(file, action, write),
                Level.INFORMATION,
                confidence=Confidence.CERTAIN if to_repo else Confidence.LIKELY,
                fixes=[_fix(action, case, any_error=not to_repo)],
            )


def _span(case: Call, subject: Node) -> Span:
    """From `case` to the end of what it looks at; `case` alone behind a pipe."""
    start = case.node.start_byte
    return Span(start, subject.end_byte if subject.start_byte > start else start + len("case"))


def _has_fallback(file: ElixirFile, action: Definition) -> bool:
    return any(call.enclosing_module is action.module for call in file.calls("action_fallback"))


def _knows_only_success(case: Call, file: ElixirFile) -> bool:
    clauses = [one for one in nodes.block_statements(case.do_block or case.node) if one.type == "stab_clause"]
    return bool(clauses) and all(_is_success(clause, file) for clause in clauses)


def _is_success(clause: Node, file: ElixirFile) -> bool:
    pattern = clause.child_by_field_name("left")
    while pattern is not None and (pattern.type == "arguments" or nodes.is_operator(pattern, "when")):
        inner = nodes.named(pattern)
        pattern = inner[0] if inner else None
    return pattern is not None and is_tagged(pattern, "ok", file.data)


def _is_context_write(file: ElixirFile, write: Call) -> bool:
    """A function of the project, outside of its web layer, that writes to judge by its name."""
    if write.module is None or write.module.startswith(":") or not _WRITES.fullmatch(write.name):
        return False
    if is_web_name(write.module):
        return False
    return file.project.function(write.module, write.name, write.arity) is not None


def _fix(action: Definition, case: Call, *, any_error: bool) -> Fix:
    return Fix(
        "Answer `{:error, changeset}` too",
        Applicability.UNSAFE,
        lambda ctx: error_clause(ctx, action, case, any_error=any_error),
    )


def _message(file: ElixirFile, action: Definition, write: Call) -> str:
    written = file.text(write.receiver) + "." if write.receiver is not None else ""
    return (
        f"`{action.name}/{action.arity}` has no answer for the error of `{written}{write.name}/{write.arity}`: "
        "invalid input raises `CaseClauseError`, a 500."
    )
