"""A measurement of a process's mailbox, taken by the project's telemetry poller."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.mailboxes import MEASURE
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.rewrite.bodies import appended
from otpwise_analyzers.rewrite.naming import underscored
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Module

_FUNCTION = """\
@doc false
def dispatch_mailbox(process) do
  # There is no process while it is started again.
  with pid when is_pid(pid) <- Process.whereis(process),
       {{:message_queue_len, length}} <- Process.info(pid, :message_queue_len) do
    # TODO: how long a mailbox may get, and who is told.
    :telemetry.execute([{event}, :mailbox], %{{length: length}}, %{{process: inspect(process)}})
  end
end"""


def measured_mailbox(ctx: FixContext, process: str) -> Change | None:
    """Adds `{__MODULE__, :dispatch_mailbox, [process]}` to the poller's measurements, the function that takes
    it, and a metric that shows it.

    None without telemetry_poller, or where the measurements are not one list in a function of their own.
    """
    if "telemetry_poller" not in ctx.project.deps:
        return None
    for located in sorted(ctx.project.modules(), key=lambda one: one.path):
        function = located.facts.function("periodic_measurements", 0)
        file = ctx.open(located.path) if function is not None and "/test/" not in located.path else None
        if file is None or b"telemetry_poller" not in file.data:
            continue
        module = next((one for one in file.modules if one.name == located.facts.name), None)
        if module is not None:
            return _in_module(module, process, _event(module))
    return None


def _event(module: Module) -> str:
    """`:my_app` of `MyAppWeb.Telemetry`."""
    first = module.name.partition(".")[0]
    return underscored(first.removesuffix("Web") or first)


def _in_module(module: Module, process: str, app: str) -> Change | None:
    file = module.file
    measurements = _list_of(module, "periodic_measurements")
    if measurements is None:
        return None
    entry = _entry(file, measurements, f"{{__MODULE__, :dispatch_mailbox, [{process}]}}")
    if entry is None:
        return None
    edits = [entry]
    if not module.defines("dispatch_mailbox"):
        if MEASURE in file.data:
            return None
        function = appended(module, _FUNCTION.format(event=f":{app}"))
        if function is None:
            return None
        edits.append(function)
        metrics = _list_of(module, "metrics")
        if metrics is not None and "Telemetry.Metrics" in module.imports:
            metric = _entry(file, metrics, f'last_value("{app}.mailbox.length", tags: [:process])')
            if metric is not None:
                edits.append(metric)
    return (layout.change_of(file, edits),)


def _list_of(module: Module, name: str) -> Node | None:
    """The list that a function without arguments gives."""
    clauses = module.clauses(name, 0)
    if len(clauses) != 1 or len(clauses[0].statements) != 1:
        return None
    value = nodes.unwrap(clauses[0].statements[0])
    return value if value.type == "list" else None


def _entry(file: ElixirFile, node: Node, text: str) -> Edit | None:
    """Adds an entry to the end of a list; None for a list that is not laid out as the formatter has it."""
    items = nodes.named(node)
    closing = node.end_byte - 1
    if layout.is_one_line(file, node):
        lead = ", " if items else ""
        if layout.fits(text, " " * layout.column(file, closing), behind=len(lead) + 1):
            return Edit(closing, closing, lead + text)
        indent = layout.indent_of(file, node)
        entries = [*(file.text(item) for item in items), text]
        if not layout.is_statement(node) or any(not layout.fits(one, indent + "  ") for one in entries):
            return None
        lines = ",\n".join(f"{indent}  {one}" for one in entries)
        return Edit(node.start_byte, node.end_byte, f"[\n{lines}\n{indent}]")
    if not layout.starts_line(file, closing):
        return None
    indent = layout.indent_at(file, closing) + "  "
    if not layout.fits(text, indent):
        return None
    start = layout.line_start(file, closing)
    if not items:
        return Edit(start, start, f"{indent}{text}\n")
    last = items[-1].end_byte
    if items[-1].type == "keywords" or file.data[last:closing].strip():
        # A comment or a comma behind the last entry.
        return None
    return Edit(last, last, f",\n{indent}{text}")
