"""otp/unreachable-callback-clause"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level, Related
from otpwise_analyzers.project import places
from otpwise_analyzers.project.roles import Role, roles_of
from otpwise_analyzers.rules.base import FixNote, Impact, Reference, Rule
from otpwise_analyzers.rules.otp.unreachable_callback_clause_examples import CORRECT, INCORRECT
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.patterns import always_matched_before, is_variable

_CALLBACKS = {
    Role.PROCESS: {
        *("init", "terminate", "handle_call", "handle_cast", "handle_info", "handle_continue"),
        *("handle_event", "handle_events", "handle_demand", "handle_subscribe", "handle_cancel"),
        *("handle_message", "handle_batch", "handle_connect", "handle_disconnect", "handle_frame"),
    },
    Role.LIVE_VIEW: {
        *("mount", "render", "terminate", "handle_params", "handle_event", "handle_info", "handle_async"),
    },
    Role.LIVE_COMPONENT: {"mount", "update", "render", "handle_event", "handle_async"},
    Role.CHANNEL: {"join", "terminate", "handle_in", "handle_out", "handle_info"},
    Role.SOCKET: {"connect", "id"},
    Role.PLUG: {"init", "call"},
    Role.APPLICATION: {"start", "stop", "prep_stop", "config_change"},
    Role.SUPERVISOR: {"init"},
}

# One look at the bytes lets nearly all pairs of clauses go: literals, keys, and what is no plain variable.
_LITERAL = re.compile(rb'[":A-Z][^,)}\]{\s]*')
_STRING = re.compile(rb'"[^"]*"')
_KEY = re.compile(rb"\w+: ")
_SHAPE = re.compile(rb"[\[{%=<@^]|\b(?:nil|true|false|\d)")


class UnreachableCallbackClause(Rule):
    name = "otp/unreachable-callback-clause"
    summary = "a clause that a clause above it always takes the calls of"
    impact = Impact.HIGH
    detects = (
        "A clause of a callback, or of any other function, whose every call an earlier clause already takes: "
        "position by position the patterns above match all that these match."
    )
    why = (
        "Clauses are tried from the top, so this one never runs: a message is handled by other code than the one "
        "that was written for it, a timer of a second `init/1` never starts. The compiler says so for equal "
        "clauses and for variables, once it is run; of a map pattern with fewer keys above it never says a word."
    )
    fine_when = "Never: at best the clause is a leftover that misleads whoever changes it."
    trade_off = "A clause that comes alive does what nobody has seen it do. Its tests, if there are any, passed without it."
    fix_note = FixNote(
        writes=(
            "Two clauses of `init/1` of which the second goes on with the state become one. A clause that "
            "says the same again, or nothing, is removed; one for a narrower case moves above the one that "
            "hides it. A merged `init/1` that starts to send its process a message which no `handle_info/2` "
            "takes gets a marked clause for it."
        ),
        because="Unsafe, for code that never ran comes alive; a scaffold where it needs such a clause.",
        leaves=(
            "A clause with a comment in it is not removed. Not offered where another attribute than `@impl` "
            "belongs to it, or a guard may tell the two apart."
        ),
    )
    references = (
        Reference(
            "Patterns and guards: clauses are tried in order",
            "https://hexdocs.pm/elixir/patterns-and-guards.html",
        ),
        Reference("GenServer.init/1", "https://hexdocs.pm/elixir/GenServer.html#c:init/1"),
    )
    # What a clause does that never runs.
    hides = frozenset({"otp/blocking-init", "otp/blocking-callback", "otp/receive-without-after"})
    definitions = frozenset({"def", "defp"})
    incorrect = INCORRECT
    correct = CORRECT

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if places.is_test(file.path) or places.is_test_support(file.path):
            return
        for module in file.modules:
            for earlier, later in _unreachable(module):
                callback = _is_callback(module, later)
                yield self.finding(
                    later.head or later.node,
                    _message(earlier, later),
                    Level.WARNING if callback else Level.INFORMATION,
                    related=[_related(earlier)],
                    reach=later.node,
                    fixes=_fixes(module, earlier, later),
                )


def _unreachable(module: Module) -> Iterator[tuple[Definition, Definition]]:
    """The clauses that never run, each with the first clause that takes all its calls."""
    data = module.file.data
    for clauses in module.definitions_by_name.values():
        if len(clauses) < 2 or clauses[0].name in ("", "unquote"):
            continue
        before: list[_Earlier] = []
        for clause in clauses:
            head = clause.head
            # `def f(a, b \\ nil)` alone has no body.
            if head is None or clause.node.end_byte - head.end_byte < 3:
                continue
            text = data[head.start_byte : head.end_byte]
            for earlier in before:
                if earlier.may_cover(clause, text) and _hides(earlier.clause, clause):
                    yield earlier.clause, clause
                    break
            else:
                if clause.guard is None:
                    before.append(_Earlier(clause, text))


class _Earlier:
    """A clause that may hide later ones. Covering heads lack no literal and no key of what they cover."""

    __slots__ = ("_keys", "_literals", "_text", "clause")

    def __init__(self, clause: Definition, text: bytes) -> None:
        self.clause = clause
        self._text = text
        self._literals: list[bytes] | None = None
        self._keys: list[bytes] | None = None

    def may_cover(self, other: Definition, text: bytes) -> bool:
        """Whether a look at the bytes of another head leaves it open.

        Of heads without a literal and a key only those of plain variables go on: for the others, such as
        lists against lists, the look would cost more than it finds.
        """
        if self._literals is None:
            pattern = self._text.partition(b"\\\\")[0]
            self._literals = _LITERAL.findall(_STRING.sub(b"", pattern) if b"<>" in pattern else pattern)
        for literal in self._literals:
            if literal not in text:
                return False
        if self.clause.arity != other.arity:
            return False
        if self._keys is None:
            self._keys = _KEY.findall(self._text.partition(b"\\\\")[0])
        if not self._keys and not self._literals:
            return _SHAPE.search(self._text) is None
        return all(key in text for key in self._keys)


def _hides(earlier: Definition, later: Definition) -> bool:
    """Whether `later` is certain to be a clause of the same function that never runs.

    Not for what is only compiled sometimes, is made by a macro, or overrides an earlier definition.
    """
    module = later.module
    if module is None or not always_matched_before(earlier, later):
        return False
    if any(clause.node.parent != module.do_block or not clause.statements for clause in (earlier, later)):
        return False
    file, head = later.file, later.head
    if head is None or earlier.kind != later.kind or "unquote" in file.text(head):
        return False
    between = range(earlier.node.end_byte, later.node.start_byte)
    return not any(
        call.enclosing_module is module and (call.name == "defoverridable" or call.node.start_byte in between)
        for call in file.calls("defoverridable", "use")
        if call.is_local and call.definition is None
    )


def _is_callback(module: Module, clause: Definition) -> bool:
    if clause.is_private:
        return False
    if any("impl" in one.attributes for one in module.clauses(clause.name, clause.arity)):
        return True
    return any(clause.name in _CALLBACKS.get(role, ()) for role in roles_of(module))


def _message(earlier: Definition, later: Definition) -> str:
    file, function = later.file, f"{later.name}/{later.arity}"
    if all(is_variable(file, param) for param in earlier.params):
        return f"This clause of `{function}` never runs: the one above takes every call."
    pairs = [
        (file.text(one), file.text(other))
        for one, other in zip(earlier.params, later.params, strict=True)
        if not is_variable(file, other)
    ]
    different = next(((one, other) for one, other in pairs if one != other), None)
    if different is None:
        return f"This clause of `{function}` never runs: one above it has the same patterns."
    general, special = different
    if "\n" in general + special or len(general + special) > 140:
        return f"This clause of `{function}` never runs: what it matches, one above it matches already."
    return f"This clause of `{function}` never runs: `{general}`, above it, takes all that `{special}` does."


def _related(earlier: Definition) -> Related:
    head = earlier.head or earlier.node
    return Related(Span(head.start_byte, head.end_byte), "This clause takes the calls.")


def _fixes(module: Module, earlier: Definition, later: Definition) -> list[Fix]:
    # Nearly every file calls for this rule, and hardly any for its fixes.
    from otpwise_analyzers.rewrite.dead_clause import is_repeated, moved_above, removed, says_nothing
    from otpwise_analyzers.rewrite.merged_init import composes, merged, needs_a_handler

    if composes(earlier, later):
        scaffold = needs_a_handler(module, later)
        return [
            Fix(
                "Merge both clauses of init/1",
                Applicability.SCAFFOLD if scaffold else Applicability.UNSAFE,
                partial(merged, module=module, first=earlier, second=later),
            )
        ]
    if is_repeated(earlier, later) or says_nothing(later):
        return [Fix("Remove the clause", Applicability.UNSAFE, partial(removed, later=later))]
    if always_matched_before(later, earlier):
        return []
    return [
        Fix(
            "Move the clause above the one that hides it",
            Applicability.UNSAFE,
            partial(moved_above, module=module, earlier=earlier, later=later),
        )
    ]
