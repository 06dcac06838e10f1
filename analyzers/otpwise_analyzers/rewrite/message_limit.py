"""A limit to what one client may send into a channel, at the one place where messages come in."""

from __future__ import annotations

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.attributes import attributes_on_top
from otpwise_analyzers.rewrite.bodies import appended
from otpwise_analyzers.rewrite.layout import change_of, indent_of, line_end, line_start, reindent
from otpwise_analyzers.rewrite.socket_identity import identity_of
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

# `defp on_event(` is as long as `def handle_in(`: no line grows beyond the formatter's width.
_HANDLERS = ("on_event", "on_client_event", "handle_counted_message")
_COUNTERS = ("count_message", "count_client_message", "within_message_rate")
_ATTRIBUTES = (("@max_messages", "@rate_window_ms"), ("@max_client_messages", "@client_rate_window_ms"))

_GATE = """\
def handle_in(event, payload, socket) do
  case {counter}(socket) do
    {{:ok, socket}} -> {handler}(event, payload, socket)
    :rate_limited -> {{:reply, {{:error, %{{reason: "rate_limited"}}}}, socket}}
  end
end

"""

_SETTINGS = """\
# TODO: how many messages one client may send in a window of this length.
{maximum} 5
{window} 1_000
"""

_FIXED_WINDOW = """\
# A fixed window for each socket: once it is over, the count starts anew.
defp {counter}(socket) do
  now = System.monotonic_time(:millisecond)
  {{started, count}} = Map.get(socket.assigns, :rate_window, {{now, 0}})

  cond do
    now - started >= {window} -> {{:ok, assign(socket, :rate_window, {{now, 1}})}}
    count < {maximum} -> {{:ok, assign(socket, :rate_window, {{started, count + 1}})}}
    true -> :rate_limited
  end
end"""

_HAMMER = """\
defp {counter}(socket) do
  bucket = "{bucket}"

  case {check}(bucket, {window}, {maximum}) do
    {{:allow, _count}} -> {{:ok, socket}}
    _denied -> :rate_limited
  end
end"""

_KEPT_ATTRIBUTES = frozenset({"impl", "doc", "spec"})


def limited_messages(ctx: FixContext, module: Module) -> Change | None:
    """Renames the clauses of `handle_in/3`, and puts one before them that counts and hands on.

    None when the module already has the names, calls `super`, or hangs on its clauses what a private
    function may not have.
    """
    file = ctx.file
    clauses = [clause for clause in module.clauses("handle_in", 3) if clause.arity == 3]
    handler, counter = _free(module, _HANDLERS), _free(module, _COUNTERS)
    attributes = next((pair for pair in _ATTRIBUTES if not any(a.encode() in file.data for a in pair)), None)
    if not clauses or handler is None or counter is None or attributes is None:
        return None
    if any(clause.kind != "def" or clause.head is None for clause in clauses) or file.calls("super"):
        return None
    moved = _moved_clauses(file, clauses, handler)
    maximum, window = attributes
    limiter = _limiter(ctx, module).format(counter=counter, maximum=maximum, window=window)
    added = appended(module, limiter)
    settings = attributes_on_top(module, _SETTINGS.format(maximum=maximum, window=window))
    if moved is None or added is None or settings is None:
        return None
    first = clauses[0]
    indent = indent_of(file, first.node)
    gate = reindent(_GATE.format(counter=counter, handler=handler), indent).removeprefix(indent)
    start = first.node.start_byte
    return (change_of(file, [settings, Edit(start, start, gate + indent), *moved, added]),)


def _free(module: Module, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if not module.defines(name)), None)


def _moved_clauses(file: ElixirFile, clauses: list[Definition], handler: str) -> list[Edit] | None:
    edits: list[Edit] = []
    for number, clause in enumerate(clauses):
        definer = clause.node.child_by_field_name("target")
        name = clause.head.child_by_field_name("target") if clause.head is not None else None
        if definer is None or name is None:
            return None
        edits.append(Edit(definer.start_byte, definer.end_byte, "defp"))
        edits.extend(_moved_lines(file, clause))
        edits.append(Edit(name.start_byte, name.end_byte, handler))
        for attribute, node in clause.attributes.items():
            if number == 0 and attribute in _KEPT_ATTRIBUTES:
                continue
            if attribute != "impl":
                return None
            start = line_start(file, node.start_byte)
            end = line_end(file, node.end_byte)
            edits.append(Edit(start, file.data.find(b"\n", end) + 1, ""))
    for call in file.calls("handle_in"):
        target = call.node.child_by_field_name("target")
        if call.is_local and target is not None and call.enclosing_module is clauses[0].module:
            edits.append(Edit(target.start_byte, target.end_byte, handler))
    return edits


def _moved_lines(file: ElixirFile, clause: Definition) -> list[Edit]:
    """Lines on which a head goes on stand below the name, which `defp` moves by one."""
    last = clause.guard if clause.guard is not None else clause.head
    end = last.end_byte if last is not None else clause.node.start_byte
    edits = []
    at = file.data.find(b"\n", clause.node.start_byte, end)
    while at >= 0:
        edits.append(Edit(at + 1, at + 1, " "))
        at = file.data.find(b"\n", at + 1, end)
    return edits


def _limiter(ctx: FixContext, module: Module) -> str:
    """The counting function: Hammer's where the project has it, else a window kept in the socket."""
    project = ctx.project
    if "hammer" not in project.deps:
        return _FIXED_WINDOW
    identity = identity_of(ctx, module)
    who = identity.id if identity is not None else "inspect(socket.transport_pid)"
    own = [located.facts.name for located in project.modules() if located.facts.uses_module("Hammer")]
    version = project.version("hammer")
    if own and (version is None or version[0] >= 7):
        check = f"{sorted(own)[0]}.hit"
    elif version is not None and version[0] < 7:
        check = "Hammer.check_rate"
    else:
        return _FIXED_WINDOW
    return _HAMMER.replace("{check}", check).replace("{bucket}", f"channel_messages:#{{{{{who}}}}}")
