"""otp/unsupervised-process"""

from __future__ import annotations

from collections.abc import Iterable

from otpwise_analyzers.findings import Applicability, Confidence, Finding, Fix, Level, Related
from otpwise_analyzers.project import places
from otpwise_analyzers.project.processes import GENERIC_SERVERS, is_process, is_start_wrapper
from otpwise_analyzers.project.roles import Role, has_role
from otpwise_analyzers.rewrite.bare_start import removable_statement, started_module, supervised_instead
from otpwise_analyzers.rewrite.start_async import start_async
from otpwise_analyzers.rewrite.task_supervisor import start_child, task_supervisor_for
from otpwise_analyzers.rules.base import FixNote, Impact, Reference, Rule
from otpwise_analyzers.rules.otp.unsupervised_process_examples import CORRECT, INCORRECT
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.values import is_unused

_STOPS = ("stop", "exit", "terminate_child", "close", "disconnect")
_IN_REQUESTS = (Role.CONTROLLER, Role.PLUG, Role.VIEW, Role.COMPONENT)
_OWNERS = (Role.LIVE_VIEW, Role.LIVE_COMPONENT, Role.CHANNEL, Role.SOCKET)
_NEVER = (Role.APPLICATION, Role.SUPERVISOR, Role.MIX_TASK, Role.TEST, Role.MIGRATION)


class UnsupervisedProcess(Rule):
    name = "otp/unsupervised-process"
    summary = "A process is started outside of every supervision tree"
    impact = Impact.HIGH
    detects = (
        "`start_link` or `start` of a server called in ordinary code, and `spawn`, `Task.start` and their "
        "linked forms in controllers, channels, LiveViews, plugs and contexts"
    )
    why = (
        "A process without a supervisor is gone for good after its first crash: every later call to its name "
        "exits with `:noproc` until the node restarts. Linked to a request, it dies with that request, and "
        "takes the request along when it crashes itself. At a deploy nobody waits for it, so a mail or a "
        "payment that it was about to send is lost without a line in the log. A supervisor has a crashed "
        "child back within microseconds, up to 3 times in 5 seconds unless told otherwise."
    )
    fine_when = (
        "The caller is a process itself and means to own the child; the process is stopped in the same "
        "function; mix tasks, release tasks, tests and scripts, where there is no tree to hang it into"
    )
    trade_off = (
        "A supervised child starts with the application, whether it is needed or not, and a child that "
        "cannot start stops the whole boot. A `Task.Supervisor` costs one process."
    )
    fix_note = FixNote(
        writes=(
            "The module, with the options of the call, among the children of the application (behind the repo "
            "and PubSub, before the endpoint), and the call removed. `Task.start` and `spawn` become "
            "`Task.Supervisor.start_child`. In a LiveView also `start_async` with its `handle_async` clauses."
        ),
        because=(
            "A child is unsafe: the process starts earlier than before, and is restarted. `start_child` is "
            "safe where the project has a named `Task.Supervisor`: the function runs as it did, and is waited "
            "for at shutdown; unsafe where one is added. `start_async` is a scaffold: its task ends with the "
            "page."
        ),
        leaves=(
            "A call whose value is used, options that only exist where the call stands, a module whose "
            "`child_spec/1` leads elsewhere, and an application whose children are not one literal list."
        ),
    )
    references = (
        Reference("Supervisor", "https://hexdocs.pm/elixir/Supervisor.html"),
        Reference("Task.Supervisor", "https://hexdocs.pm/elixir/Task.Supervisor.html"),
        Reference(
            "Process anti-patterns: unsupervised processes",
            "https://hexdocs.pm/elixir/process-anti-patterns.html#unsupervised-processes",
        ),
    )
    calls = frozenset({"start_link", "start", "spawn", "spawn_link"})

    incorrect = INCORRECT
    correct = CORRECT

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path):
            return
        for call in file.calls(*self.calls):
            if call.quoted or not call.is_invocation or not self._runs_in_ordinary_code(call):
                continue
            if _is_task_start(call):
                yield from self._task(call)
            elif _is_server_start(call):
                yield from self._server(call)

    @staticmethod
    def _runs_in_ordinary_code(call: Call) -> bool:
        definition, module = call.definition, call.enclosing_module
        if definition is not None and (
            is_start_wrapper(definition)
            or definition.kind in ("defmacro", "defmacrop")
            or definition.name == call.name
        ):
            return False
        if module is None:
            return True
        # Code in a module's body runs when it is compiled.
        return definition is not None and not has_role(module, *_NEVER)

    def _server(self, call: Call) -> Iterable[Finding]:
        module, definition = call.enclosing_module, call.definition
        if call.capture_arity is not None or _is_library(call.file):
            return
        if module is not None and definition is not None:
            owns = is_process(module) or has_role(module, *_OWNERS)
            if (owns or definition.name == "init") and removable_statement(call) is None:
                return
            if owns and not has_role(module, *_OWNERS):
                return
            if _is_stopped_again(definition):
                return
        started = started_module(call)
        yield self.finding(
            call.node,
            _server_message(call, started),
            Level.WARNING,
            confidence=Confidence.CERTAIN if removable_statement(call) is not None else Confidence.LIKELY,
            related=_application(call),
            fixes=[
                Fix(
                    f"Let the application supervise {started}",
                    Applicability.UNSAFE,
                    lambda context: supervised_instead(context, call),
                )
            ]
            if started is not None and removable_statement(call) is not None
            else [],
        )

    def _task(self, call: Call) -> Iterable[Finding]:
        module = call.enclosing_module
        if module is None or _is_library(call.file):
            return
        is_owner = has_role(module, *_OWNERS)
        if is_process(module) and not is_owner:
            return
        if call.definition is not None and _loops(call.definition):
            return
        linked = call.name.endswith("_link")
        in_request = has_role(module, *_IN_REQUESTS)
        yield self.finding(
            call.node,
            _task_message(call, linked, in_request),
            Level.WARNING if linked and in_request else Level.INFORMATION,
            fixes=_task_fixes(call, module, linked),
        )


def _is_task_start(call: Call) -> bool:
    if call.name in ("spawn", "spawn_link"):
        if call.arity not in (1, 3):
            return False
        return call.module in (":erlang", "Process", "Kernel") or (
            call.is_local and not (call.enclosing_module and call.enclosing_module.defines(call.name))
        )
    return call.module == "Task" and call.arity in (1, 3)


def _is_server_start(call: Call) -> bool:
    if call.capture_arity is not None or call.name not in ("start_link", "start"):
        return False
    if call.receiver is None:
        module = call.enclosing_module
        return (
            call.name == "start_link"
            and module is not None
            and module.defines("start_link", call.arity)
            and is_process(module)
        )
    name = call.module
    if name is None or name == "Application":
        return False
    if name in GENERIC_SERVERS:
        # A supervisor that is started by hand is the root of a tree.
        return name not in ("Task", "Supervisor", ":supervisor")
    if call.name == "start":
        located = call.file.project.module(name)
        return located is not None and located.facts.uses_module(*GENERIC_SERVERS)
    return not name.startswith(":")


def _is_library(file: ElixirFile) -> bool:
    """A published package, which lives in its users' trees; applications with a package entry are none."""
    application = file.project.application
    return file.project.is_package and not (
        application is not None
        and any(child.module.endswith("Endpoint") for child in application.facts.children)
    )


def _is_stopped_again(definition: Definition) -> bool:
    return bool(definition.calls(*_STOPS))


def _loops(definition: Definition) -> bool:
    return bool(definition.calls("receive"))


def _where(call: Call) -> str:
    definition, module = call.definition, call.enclosing_module
    if definition is None or module is None:
        return "at the top of the file"
    return f"from `{module.name}.{definition.name}/{definition.arity}`"


def _called(call: Call) -> str:
    if call.receiver is None:
        own = call.enclosing_module.name + "." if call.name == "start_link" and call.enclosing_module else ""
        return f"{own}{call.name}/{call.arity}"
    return f"{call.module}.{call.name}/{call.arity}"


def _server_message(call: Call, started: str | None) -> str:
    supervisors = call.file.project.supervisors_of(started) if started is not None else ()
    if supervisors and started not in GENERIC_SERVERS:
        return (
            f"`{_called(call)}` is called {_where(call)}, although `{supervisors[0]}` supervises "
            f"`{started}`: this second process belongs to no supervisor."
        )
    return (
        f"`{_called(call)}` is called {_where(call)}, outside of any supervision tree: "
        "nobody restarts the process when it crashes."
    )


def _task_message(call: Call, linked: bool, in_request: bool) -> str:
    if linked and in_request:
        return (
            f"`{_called(call)}` {_where(call)} links the new process to the request: when it crashes, "
            "the request crashes with it, and when the connection ends it is killed."
        )
    if linked:
        return (
            f"`{_called(call)}` {_where(call)} links a process that no supervisor knows to its caller: "
            "each takes the other down, and a deploy does not wait for it."
        )
    return (
        f"`{_called(call)}` {_where(call)} starts a process that no supervisor knows: a deploy kills it "
        "half way, and nothing counts or limits how many run."
    )


def _application(call: Call) -> list[Related]:
    project = call.file.project
    application = project.application
    if application is None:
        return []
    span = project.span(application.facts.name, "start", 2) or project.span(application.facts.name)
    if span is None:
        return []
    return [Related(Span(*span), "The application's children are started here.", application.path)]


def _task_fixes(call: Call, module: Module, linked: bool) -> list[Fix]:
    keeps_value = call.name in ("start", "start_link")
    statement = removable_statement(call)
    if not (keeps_value or statement is not None or is_unused(call.file, call.node)):
        return []
    fixes: list[Fix] = []
    supervisor = task_supervisor_for(call.file.project, module.name)
    if supervisor is not None:
        safe = supervisor.exists and supervisor.is_general and not linked
        title = f"Start it under {supervisor.name}"
        fixes.append(
            Fix(
                title if supervisor.exists else f"{title}, a new Task.Supervisor of the application",
                Applicability.SAFE if safe else Applicability.UNSAFE,
                lambda context: start_child(context, call, supervisor, call.node),
            )
        )
    if has_role(module, Role.LIVE_VIEW) and statement is not None:
        fixes.append(
            Fix(
                "Use start_async, whose result comes to handle_async",
                Applicability.SCAFFOLD,
                lambda context: start_async(context, call, statement),
            )
        )
    return fixes
