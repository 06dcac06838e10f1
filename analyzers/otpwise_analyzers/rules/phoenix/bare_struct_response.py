"""A controller that answers with a schema's struct itself."""

from __future__ import annotations

from collections.abc import Iterable

from tree_sitter import Node

from otpwise_analyzers.findings import Applicability, Confidence, Finding, Fix, Level
from otpwise_analyzers.project.actions import action_of, call_at, origin_of, schema_behind
from otpwise_analyzers.project.places import is_production_code
from otpwise_analyzers.rewrite.listed_fields import data_of_fields
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Reference, Rule
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition

_USER = {
    "lib/my_app/accounts/user.ex": """\
    defmodule MyApp.Accounts.User do
      use Ecto.Schema

      schema "users" do
        field(:name, :string)
        field(:email, :string)
        field(:password, :string, virtual: true)
        field(:password_hash, :string)
        field(:birthday, :date, redact: true)
      end
    end
    """,
}


class BareStructResponse(Rule):
    name = "phoenix/bare-struct-response"
    summary = "`json(conn, struct)` with a schema's struct as it came from the database"
    impact = Impact.HIGH
    detects = (
        "`json(conn, value)` in a controller where the value is the struct that `Repo` or a context's `get_`, "
        "`create_`, `update_` ... returned in the same function. A schema that says which of its fields JSON may "
        "hold (`@derive {Jason.Encoder, only: [...]}`) is left alone, one that says which it may not (`except:`) is not. "
        "A map around the struct is left alone too: somebody thought of the shape."
    )
    why = (
        "Without an encoder of its own the struct raises `Protocol.UndefinedError` (a 500); with one derived for all "
        "fields, each column added later is published the day its migration runs: password hashes, tokens, notes. "
        "The column names become the API, so renaming one breaks clients."
    )
    fine_when = "An encoder for the struct is implemented elsewhere, by hand and with a list of fields."
    trade_off = (
        "The fields are listed once more. A JSON view (`UserJSON.show/1`) keeps the lists of an API together."
    )
    fix_note = FixNote(
        writes=(
            "`%{data: %{id: user.id, ...}}` with the schema's fields, but none that is virtual, redacted, or "
            "named like a secret; only the id when the schema is not known. The other way is `@derive "
            "{Jason.Encoder, only: [...]}` in the schema."
        ),
        because="Unsafe: clients see another shape, and fields that you leave out are gone.",
        leaves=(
            "Associations are not listed, and a call that is no plain `json(conn, user)` of a variable is "
            "left alone."
        ),
    )
    references = (
        Reference("Jason.Encoder: deriving", "https://hexdocs.pm/jason/Jason.Encoder.html"),
        Reference("Phoenix guides: JSON and APIs", "https://hexdocs.pm/phoenix/json_and_apis.html"),
        Reference(
            "OWASP: Excessive data exposure",
            "https://owasp.org/API-Security/editions/2019/en/0xa3-excessive-data-exposure/",
        ),
    )
    calls = frozenset({"json"})

    incorrect = (
        Example(
            """\
            defmodule MyAppWeb.UserController do
              use MyAppWeb, :controller

              alias MyApp.Accounts

              def show(conn, %{"id" => id}) do
                user = Accounts.get_user!(id)
                json(conn, «user»)
              end
            end
            """,
            path="lib/my_app_web/controllers/user_controller.ex",
            others=_USER,
            fixed="""\
            defmodule MyAppWeb.UserController do
              use MyAppWeb, :controller

              alias MyApp.Accounts

              def show(conn, %{"id" => id}) do
                user = Accounts.get_user!(id)
                json(conn, %{data: %{id: user.id, name: user.name, email: user.email}})
              end
            end
            """,
        ),
        Example(
            """\
            defmodule MyAppWeb.InviteController do
              use MyAppWeb, :controller

              alias MyApp.Repo

              def create(conn, params) do
                changeset = MyApp.Invites.build(params)

                case Repo.insert(changeset) do
                  {:ok, invite} ->
                    conn
                    |> put_status(:created)
                    |> json(«invite»)

                  {:error, _changeset} ->
                    send_resp(conn, 422, "")
                end
              end
            end
            """,
            path="lib/my_app_web/controllers/invite_controller.ex",
            fixed="""\
            defmodule MyAppWeb.InviteController do
              use MyAppWeb, :controller

              alias MyApp.Repo

              def create(conn, params) do
                changeset = MyApp.Invites.build(params)

                case Repo.insert(changeset) do
                  {:ok, invite} ->
                    conn
                    |> put_status(:created)
                    |> json(%{data: %{id: invite.id}})

                  {:error, _changeset} ->
                    send_resp(conn, 422, "")
                end
              end
            end
            """,
        ),
        Example(
            """\
            defmodule MyAppWeb.MeetingController do
              use MyAppWeb, :controller

              def show(conn, %{"id" => id}) do
                # the calendar reads this
                meeting = MyApp.Repo.get!(MyApp.Calendar.Meeting, id)
                json(conn, «meeting»)
              end
            end
            """,
            path="lib/my_app_web/controllers/meeting_controller.ex",
            others={
                "lib/my_app/calendar/meeting.ex": """\
                defmodule MyApp.Calendar.Meeting do
                  use Ecto.Schema

                  schema "meetings" do
                    field(:title, :string)
                    field(:starts_at, :utc_datetime)
                    field(:ends_at, :utc_datetime)
                    field(:location, :string)
                    field(:access_token, :string)
                  end
                end
                """,
            },
            fixed="""\
            defmodule MyAppWeb.MeetingController do
              use MyAppWeb, :controller

              def show(conn, %{"id" => id}) do
                # the calendar reads this
                meeting = MyApp.Repo.get!(MyApp.Calendar.Meeting, id)

                json(conn, %{
                  data: %{
                    id: meeting.id,
                    title: meeting.title,
                    starts_at: meeting.starts_at,
                    ends_at: meeting.ends_at,
                    location: meeting.location
                  }
                })
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

              alias MyApp.Accounts

              def create(conn, %{"user" => params}) do
                with {:ok, user} <- Accounts.create_user(params) do
                  conn |> put_status(:created) |> json(%{data: user})
                end
              end

              def show(conn, %{"id" => id}) do
                user = Accounts.get_user!(id)
                json(conn, MyAppWeb.UserJSON.show(user))
              end
            end
            """,
            path="lib/my_app_web/controllers/user_controller.ex",
            others=_USER,
            why="a map around it and a view, which both say what is sent",
        ),
        Example(
            """\
            defmodule MyAppWeb.RoomController do
              use MyAppWeb, :controller

              def show(conn, %{"id" => id}) do
                room = MyApp.Rooms.get_room!(id)
                json(conn, room)
              end
            end
            """,
            path="lib/my_app_web/controllers/room_controller.ex",
            others={
                "lib/my_app/rooms/room.ex": """\
                defmodule MyApp.Rooms.Room do
                  use Ecto.Schema

                  @derive {Jason.Encoder, only: [:id, :name]}
                  schema "rooms" do
                    field(:name, :string)
                  end
                end
                """,
            },
            why="the schema says itself which fields leave the house",
        ),
        Example(
            """\
            defmodule MyAppWeb.UserController do
              use MyAppWeb, :controller

              def show(conn, %{"id" => id}) do
                user = MyApp.Accounts.get_user!(id)
                user = Map.take(user, [:id, :name])
                json(conn, user)
              end

              def settings(conn, _params) do
                settings = MyApp.Settings.get_all()
                json(conn, settings)
              end
            end
            """,
            path="lib/my_app_web/controllers/user_controller.ex",
            others=_USER,
            why="rebound to a map of chosen fields, and a function that returns no schema",
        ),
        Example(
            """\
            defmodule MyAppWeb.UserController do
              use MyAppWeb, :controller

              def show(conn, %{"id" => id, "locale" => locale}) do
                json(conn, MyApp.Accounts.get_user(id, locale))
              end

              def activity(conn, %{"id" => id, "since" => since}) do
                user = MyApp.Accounts.get_user(id, since)
                json(conn, user)
              end
            end
            """,
            path="lib/my_app_web/controllers/user_controller.ex",
            others=_USER,
            why="what a context puts together from several arguments is often a map already",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not is_production_code(file.path):
            return
        for call in file.calls("json"):
            if len(call.all_args) != 2 or (not call.is_local and call.module != "Phoenix.Controller"):
                continue
            action = action_of(call)
            if action is None or action.module is None or action.module.defines("json", 2):
                continue
            value = nodes.unwrap(call.all_args[1])
            source = origin_of(action, value) if value.type == "identifier" else value
            if source is None:
                continue
            is_struct, schema = schema_behind(action, source)
            if not is_struct or (value.type != "identifier" and _is_result(file, source)):
                continue
            known = file.project.schema(schema) if schema is not None else None
            if known is not None and known.encodes:
                continue
            yield self.finding(
                value,
                _message(action, file.text(value), schema),
                Level.INFORMATION,
                confidence=Confidence.CERTAIN if known is not None else Confidence.LIKELY,
                fixes=[_fix(call, value, schema)] if value.type == "identifier" else [],
            )


def _is_result(file: ElixirFile, source: Node) -> bool:
    """Whether the call answers `{:ok, struct}` and not the struct."""
    call = call_at(file, source)
    return call is not None and not call.name.endswith("!") and not call.name.startswith(("get", "one"))


def _fix(call: Call, value: Node, schema: str | None) -> Fix:
    return Fix(
        "Answer with the fields that are meant to be seen",
        Applicability.UNSAFE,
        lambda ctx: data_of_fields(ctx, call, value, schema),
    )


def _message(action: Definition, value: str, schema: str | None) -> str:
    what = f"the whole `{schema}`" if schema is not None else f"the whole `{value}` struct"
    return (
        f"`{action.name}/{action.arity}` answers with {what}: an error, or every field that it has now and "
        "ever gets. List the fields here, or in the schema with `@derive {Jason.Encoder, only: [...]}`."
    )
