"""`authorized?` that says yes to everybody."""

from __future__ import annotations

import re
from collections.abc import Iterable

from otpwise_analyzers.findings import Finding, Level, Related
from otpwise_analyzers.project.channels import is_as_generated
from otpwise_analyzers.project.places import is_production_code
from otpwise_analyzers.rules.base import Example, Impact, Reference, Rule
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

NAMES = frozenset(
    {
        *("authorized?", "authorised?", "is_authorized?", "user_authorized?", "authorized_to_join?"),
        *("permitted?", "is_permitted?", "has_permission?", "has_access?", "access_allowed?", "allowed?"),
        *("can_join?", "can_access?", "may_join?", "may_access?", "authenticated?"),
    }
)
_BY_RESOURCE = re.compile(r"(can|may)_(join|access|enter)_\w+\?")


class AuthorizationStub(Rule):
    name = "phoenix/authorization-stub"
    summary = "an authorization check that always answers `true`"
    impact = Impact.HIGH
    detects = (
        "A function such as `authorized?` or `can_access_room?` whose every clause is the bare `true`, whatever it "
        "is given. Phoenix' own channel generator writes one into each new channel: a hint there, until somebody "
        "begins on the channel."
    )
    why = (
        "The check reads as if it were there: reviewers see `if authorized?(...)` and an `unauthorized` reply, and "
        "neither ever refuses. Of 78 channels in public projects five were open for exactly this reason."
    )
    fine_when = "Everybody may indeed: then call nothing, and say so where it is decided."
    trade_off = "Whoever relied on the open door is refused; find them in the logs of the replies before you close it."
    no_fix = "Who may do what is not in the code."
    references = (
        Reference(
            "Phoenix.Channel: Authorization",
            "https://hexdocs.pm/phoenix/Phoenix.Channel.html#module-authorization",
        ),
        Reference("OWASP: Broken access control", "https://owasp.org/Top10/A01_2021-Broken_Access_Control/"),
    )
    always = True
    needles = (
        *(b"authorized?", b"authorised?", b"permitted?", b"_permission?", b"has_access?", b"allowed?"),
        *(
            b"can_join",
            b"can_access",
            b"can_enter",
            b"may_join",
            b"may_access",
            b"may_enter",
            b"authenticated?",
        ),
    )

    incorrect = (
        Example(
            """\
            defmodule MyAppWeb.RoomChannel do
              use Phoenix.Channel

              def join("room:" <> _id, payload, socket) do
                if authorized?(payload) do
                  {:ok, socket}
                else
                  {:error, %{reason: "unauthorized"}}
                end
              end

              # Add authorization logic here as required.
              defp «authorized?(_payload)» do
                true
              end
            end
            """,
            path="lib/my_app_web/channels/room_channel.ex",
        ),
        Example(
            """\
            defmodule MyApp.Rooms do
              def «can_access_room?(_user, _room_id)», do: true
            end
            """,
            path="lib/my_app/rooms.ex",
        ),
    )
    correct = (
        Example(
            """\
            defmodule MyApp.Rooms do
              def can_access_room?(%{admin: true}, _room_id), do: true
              def can_access_room?(user, room_id), do: room_id in user.room_ids
            end
            """,
            path="lib/my_app/rooms.ex",
            why="one clause says yes, another decides",
        ),
        Example(
            """\
            defmodule MyAppWeb.AdminResource do
              @behaviour MyAppWeb.Resource

              @impl true
              def authorized?(_schema, _conn), do: true
            end
            """,
            why="a library's callback, which has to answer for this resource",
        ),
        Example(
            """\
            defmodule MyApp.Rooms.Public do
              def allowed?(%{public: true}), do: true
              def allowed?(_room), do: false
            end
            """,
            why="the pattern of the head is the check",
        ),
        Example(
            """\
            defmodule MyApp.TestAccess do
              def authorized?(_user), do: true
            end
            """,
            path="test/support/test_access.ex",
            why="a stand-in for tests",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not is_production_code(file.path):
            return
        for module in file.modules:
            seen: set[tuple[str, int]] = set()
            for clause in module.definitions:
                key = (clause.name, clause.arity)
                if key in seen or not clause.params or not _is_check(clause.name):
                    continue
                seen.add(key)
                clauses = [one for one in module.clauses(*key) if one.arity == clause.arity]
                if clause.head is not None and all(_says_yes(one) for one in clauses):
                    callers = _callers(module, clause)
                    yield self.finding(
                        clause.head,
                        _message(module, clause, callers),
                        Level.HINT if is_as_generated(module) else Level.WARNING,
                        related=_places(callers),
                    )


def _is_check(name: str) -> bool:
    return name in NAMES or _BY_RESOURCE.fullmatch(name) is not None


def _says_yes(clause: Definition) -> bool:
    """Whether a clause takes anything and answers `true`."""
    if clause.guard is not None or clause.clause_blocks or "impl" in clause.attributes:
        return False
    if clause.kind not in ("def", "defp") or len(clause.statements) != 1:
        return False
    takes_all = all(nodes.identifier(param, clause.file.data) is not None for param in clause.params)
    return takes_all and clause.file.text(clause.statements[0]) == "true"


def _callers(module: Module, clause: Definition) -> list[tuple[Definition, Span]]:
    return [
        (call.definition, Span(call.node.start_byte, call.node.end_byte))
        for call in module.file.calls(clause.name)
        if call.is_local and call.arity == clause.arity and call.definition is not None
    ]


def _places(callers: list[tuple[Definition, Span]]) -> list[Related]:
    return [Related(span, f"`{caller.name}/{caller.arity}` relies on it") for caller, span in callers[:5]]


def _message(module: Module, clause: Definition, callers: list[tuple[Definition, Span]]) -> str:
    short = module.name.rpartition(".")[2]
    relying = list(dict.fromkeys(f"`{caller.name}/{caller.arity}`" for caller, _ in callers))
    ending = f": {' and '.join(relying[:2])} asks it and refuses nobody" if relying else ", whoever asks"
    return f"`{short}.{clause.name}/{clause.arity}` always answers `true`{ending}."
