"""A socket that takes everybody in."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tree_sitter import Node

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level
from otpwise_analyzers.project.channels import reached_from, short_name, sockets_in
from otpwise_analyzers.project.places import is_production_code
from otpwise_analyzers.rewrite.verified_connect import verified_connect
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Reference, Rule
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.results import is_tagged, results_of

# What a `connect` may call that accepts everyone: it keeps what the client says, or makes up a name.
_HARMLESS = re.compile(
    r"assign|assign_new|get|put|merge|new|generate|uuid\d?|bingenerate|strong_rand_bytes|encode(16|64|32)|"
    r"url_encode64|unique_integer|to_string|inspect|self|debug|info|warning|metadata|trim|downcase|uniform|"
    r"system_time|monotonic_time|utc_now"
)


class OpenSocket(Rule):
    name = "phoenix/open-socket"
    summary = "`connect` accepts everyone on a socket that mounts channels"
    impact = Impact.HIGH
    detects = (
        "A `Phoenix.Socket` with at least one `channel` whose every `connect` clause answers `{:ok, socket}` whoever "
        "comes: nothing is verified, nothing refuses. What the client claims in its params may be assigned on the way."
    )
    why = (
        "The socket is the only place where a connection is authenticated once. Left open, no channel behind it knows "
        "who speaks: each `join/3` has to ask for itself, one that forgets is open to the internet, and "
        "`id/1` cannot name the user, so a stolen session cannot be disconnected."
    )
    fine_when = "All its channels are public, or each verifies a token of its own in `join/3`."
    trade_off = (
        "The page must hand a signed token to the client, and one older than `max_age` has to be renewed."
    )
    fix_note = FixNote(
        writes=(
            "`connect/3` verifies a `Phoenix.Token` of at most a day, assigns `user_id` and answers `:error` "
            "to all others."
        ),
        because="Scaffold: no client can connect until the page signs such a token; the comment shows the line.",
        leaves="The page and the JavaScript that connects, and sockets whose channels all check for themselves.",
    )
    references = (
        Reference(
            "Phoenix guides: Using Token Authentication",
            "https://hexdocs.pm/phoenix/channels.html#using-token-authentication",
        ),
        Reference("Phoenix.Token", "https://hexdocs.pm/phoenix/Phoenix.Token.html"),
    )
    definitions = frozenset({"connect"})
    needles = (b"channel",)

    incorrect = (
        Example(
            """\
            defmodule MyAppWeb.UserSocket do
              use Phoenix.Socket

              channel("room:*", MyAppWeb.RoomChannel)

              @impl true
              def «connect(_params, socket, _connect_info)» do
                # everyone for now
                {:ok, socket}
              end

              @impl true
              def id(_socket), do: nil
            end
            """,
            path="lib/my_app_web/channels/user_socket.ex",
            fixed="""\
            defmodule MyAppWeb.UserSocket do
              use Phoenix.Socket

              channel("room:*", MyAppWeb.RoomChannel)

              @impl true
              def connect(%{"token" => token}, socket, _connect_info) do
                # everyone for now
                # TODO: sign the token where the page is rendered:
                # Phoenix.Token.sign(conn, "user socket", user.id)
                case Phoenix.Token.verify(socket, "user socket", token, max_age: 86_400) do
                  {:ok, user_id} -> {:ok, assign(socket, :user_id, user_id)}
                  {:error, _reason} -> :error
                end
              end

              def connect(_params, _socket, _connect_info), do: :error

              @impl true
              def id(_socket), do: nil
            end
            """,
        ),
        Example(
            """\
            defmodule MyAppWeb.UserSocket do
              use Phoenix.Socket

              channel("room:*", MyAppWeb.RoomChannel)

              def «connect(params, socket)», do: {:ok, assign(socket, :name, params["name"])}

              def id(_socket), do: nil
            end
            """,
            path="lib/my_app_web/channels/user_socket.ex",
            fixed="""\
            defmodule MyAppWeb.UserSocket do
              use Phoenix.Socket

              channel("room:*", MyAppWeb.RoomChannel)

              def connect(%{"token" => token} = params, socket) do
                # TODO: sign the token where the page is rendered:
                # Phoenix.Token.sign(conn, "user socket", user.id)
                case Phoenix.Token.verify(socket, "user socket", token, max_age: 86_400) do
                  {:ok, user_id} -> {:ok, assign(socket, name: params["name"], user_id: user_id)}
                  {:error, _reason} -> :error
                end
              end

              def connect(_params, _socket), do: :error

              def id(_socket), do: nil
            end
            """,
        ),
        Example(
            """\
            defmodule MyAppWeb.FeedSocket do
              use Phoenix.Socket

              require Logger

              channel("feed:*", MyAppWeb.FeedChannel)

              def «connect(params, socket, _connect_info)» do
                Logger.info("connected: #{params["client"]}")
                {:ok, socket}
              end

              def id(_socket), do: nil
            end
            """,
            path="lib/my_app_web/channels/feed_socket.ex",
            fixed="""\
            defmodule MyAppWeb.FeedSocket do
              use Phoenix.Socket

              require Logger

              channel("feed:*", MyAppWeb.FeedChannel)

              def connect(%{"token" => token} = params, socket, _connect_info) do
                Logger.info("connected: #{params["client"]}")

                # TODO: sign the token where the page is rendered:
                # Phoenix.Token.sign(conn, "user socket", user.id)
                case Phoenix.Token.verify(socket, "user socket", token, max_age: 86_400) do
                  {:ok, user_id} -> {:ok, assign(socket, :user_id, user_id)}
                  {:error, _reason} -> :error
                end
              end

              def connect(_params, _socket, _connect_info), do: :error

              def id(_socket), do: nil
            end
            """,
        ),
    )
    correct = (
        Example(
            """\
            defmodule MyAppWeb.UserSocket do
              use Phoenix.Socket

              # channel "room:*", MyAppWeb.RoomChannel

              def connect(_params, socket, _connect_info), do: {:ok, socket}
              def id(_socket), do: nil
            end
            """,
            path="lib/my_app_web/channels/user_socket.ex",
            why="the generator's file, on which no channel is mounted",
        ),
        Example(
            """\
            defmodule MyAppWeb.UserSocket do
              use Phoenix.Socket

              channel("room:*", MyAppWeb.RoomChannel)

              def connect(_params, socket, info) do
                if info.session, do: {:ok, socket}, else: :error
              end

              def id(_socket), do: nil
            end
            """,
            path="lib/my_app_web/channels/user_socket.ex",
            why="one branch refuses",
        ),
        Example(
            """\
            defmodule MyAppWeb.UserSocket do
              use Phoenix.Socket

              channel("video:*", MyAppWeb.VideoChannel)

              def connect(%{"token" => token}, socket) do
                {:ok, assign(socket, :user, MyApp.Accounts.user_of_token(token))}
              end

              def connect(_params, socket), do: {:ok, assign(socket, :user, nil)}

              def id(_socket), do: nil
            end
            """,
            path="lib/my_app_web/channels/user_socket.ex",
            why="guests are let in as guests, beside users who bring a token",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not is_production_code(file.path):
            return
        for module in sockets_in(file):
            clauses = [clause for clause in module.clauses("connect") if clause.arity in (2, 3)]
            mounted = _mounted(module)
            if not clauses or not mounted or not all(_lets_in(clause) for clause in clauses):
                continue
            clause = clauses[-1]
            assert clause.head is not None
            fixes = [_fix(clause)] if len(clauses) == 1 else []
            yield self.finding(clause.head, _message(module, clause, mounted), Level.INFORMATION, fixes=fixes)


def _fix(clause: Definition) -> Fix:
    return Fix(
        "Verify a signed token before connecting",
        Applicability.SCAFFOLD,
        lambda ctx: verified_connect(ctx, clause),
    )


def _message(module: Module, clause: Definition, mounted: list[str]) -> str:
    behind = f"`{mounted[0]}`" + (f" and {len(mounted) - 1} more" if len(mounted) > 1 else "")
    return (
        f"`{short_name(module)}.connect/{clause.arity}` accepts everyone: "
        f"{behind} cannot know who is at the other end."
    )


def _mounted(module: Module) -> list[str]:
    """The channels that the socket mounts, by the last part of their names."""
    return [
        (module.file.module_name(call.args[1]) or module.file.text(call.args[1])).rpartition(".")[2]
        for call in module.file.calls("channel")
        if call.is_local and call.enclosing_module is module and len(call.args) >= 2 and not call.quoted
    ]


def _lets_in(clause: Definition) -> bool:
    """Whether a clause takes any params, answers `{:ok, ...}` in each branch and asks nobody."""
    data = clause.file.data
    if clause.guard is not None or not clause.params or clause.clause_blocks:
        return False
    first = clause.params[0]
    if first.type != "identifier" and clause.file.text(first) != "%{}":
        return False
    answers = results_of(clause)
    if not answers or not all(is_tagged(answer, "ok", data) for answer in answers):
        return False
    return not any(_may_ask(body, data) for part in reached_from(clause) for body in part.statements)


def _may_ask(body: Node, data: bytes) -> bool:
    for node in (body, *nodes.descendants(body)):
        if node.type == "atom" and nodes.atom_literal(node, data) == "error":
            return True
        if node.type != "call":
            continue
        target = node.child_by_field_name("target")
        if target is not None and target.type == "dot":
            if nodes.child_of_type(node, "arguments") is None:
                continue
            target = target.child_by_field_name("right")
        name = nodes.text_of(target, data) if target is not None else ""
        if not _HARMLESS.fullmatch(name):
            return True
    return False
