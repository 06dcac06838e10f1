"""otp/unawaited-task"""

from __future__ import annotations

from collections.abc import Iterable

from tree_sitter import Node

from otpwise_analyzers.findings import Applicability, Confidence, Finding, Fix, Level
from otpwise_analyzers.project import places
from otpwise_analyzers.project.processes import replies_are_handled
from otpwise_analyzers.project.roles import Role, has_role
from otpwise_analyzers.rewrite.task_supervisor import TaskSupervisor, start_child, task_supervisor_for
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Reference, Rule
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.values import is_unused

_AWAITS = (
    *("await", "await_many", "yield", "yield_many", "shutdown", "ignore", "demonitor"),
    *("receive", "find"),
)


class UnawaitedTask(Rule):
    name = "otp/unawaited-task"
    summary = "Task.async whose result nobody takes"
    impact = Impact.HIGH
    detects = (
        "`Task.async` (and `Task.Supervisor.async`) whose handle is dropped, bound and never used, or kept by a "
        "process that has no clause for the reply"
    )
    why = (
        "`Task.async` links: when the task fails, its caller, often a request or a LiveView, is killed with it. "
        "The result comes back as a message all the same; a plain process keeps it in its mailbox for ever, a "
        "LiveView or a channel without a clause for it crashes. What was meant as fire and forget is neither."
    )
    fine_when = (
        "The task is awaited, yielded or shut down in the same function; the module has `handle_info({ref, _}, _)`; "
        "the handle is returned to a caller who awaits it"
    )
    trade_off = (
        "`Task.Supervisor.start_child` gives no result and no link: an error is logged and noticed by nobody else. "
        "Where the result matters, await it."
    )
    fix_note = FixNote(
        writes=(
            "A dropped `Task.async` becomes `Task.Supervisor.start_child` under the project's task "
            "supervisor, which is added to the application where there is none."
        ),
        because=(
            "Unsafe: a caller that relied on being killed with its task goes on, and a task that fails is "
            "tried no more than before."
        ),
        leaves=(
            "A task whose value goes anywhere, and an application whose children are not one literal list, "
            "when there is no task supervisor yet."
        ),
    )
    references = (
        Reference("Task.async/1", "https://hexdocs.pm/elixir/Task.html#async/1"),
        Reference(
            "Task.Supervisor.start_child/3", "https://hexdocs.pm/elixir/Task.Supervisor.html#start_child/3"
        ),
    )
    calls = frozenset({"async", "async_nolink"})
    needles = (b"Task",)

    incorrect = (
        Example(
            path="lib/my_app/mentions.ex",
            code="""\
                defmodule MyApp.Mentions do
                  def deliver(users, post) do
                    Enum.each(users, fn user ->
                      «Task.async(fn -> MyApp.Mailer.mention(user, post) end)»
                    end)
                  end
                end
                """,
            others={
                "lib/my_app/application.ex": """\
                    defmodule MyApp.Application do
                      use Application

                      def start(_type, _args) do
                        children = [{Task.Supervisor, name: MyApp.Tasks}]
                        Supervisor.start_link(children, strategy: :one_for_one)
                      end
                    end
                    """,
            },
            fixed="""\
                defmodule MyApp.Mentions do
                  def deliver(users, post) do
                    Enum.each(users, fn user ->
                      Task.Supervisor.start_child(MyApp.Tasks, fn -> MyApp.Mailer.mention(user, post) end)
                    end)
                  end
                end
                """,
        ),
        Example(
            path="lib/my_app/uploads.ex",
            code="""\
                defmodule MyApp.Uploads do
                  def create(attrs) do
                    _task = «Task.async(MyApp.Thumbnails, :render, [attrs])»
                    {:ok, attrs}
                  end
                end
                """,
            others={
                "lib/my_app/application.ex": """\
                    defmodule MyApp.Application do
                      use Application

                      def start(_type, _args) do
                        children = [MyApp.Repo]
                        Supervisor.start_link(children, strategy: :one_for_one)
                      end
                    end
                    """,
            },
            fixed="""\
                defmodule MyApp.Uploads do
                  def create(attrs) do
                    Task.Supervisor.start_child(MyApp.TaskSupervisor, MyApp.Thumbnails, :render, [attrs])
                    {:ok, attrs}
                  end
                end
                """,
            fixed_others={
                "lib/my_app/application.ex": """\
                    defmodule MyApp.Application do
                      use Application

                      def start(_type, _args) do
                        children = [MyApp.Repo, {Task.Supervisor, name: MyApp.TaskSupervisor}]
                        Supervisor.start_link(children, strategy: :one_for_one)
                      end
                    end
                    """,
            },
        ),
        Example(
            path="lib/my_app/feeds.ex",
            code="""\
                defmodule MyApp.Feeds do
                  def refresh_all(feeds) do
                    for feed <- feeds do
                      «Task.Supervisor.async_nolink(MyApp.FeedTasks, fn -> refresh(feed) end)»
                    end

                    :ok
                  end

                  defp refresh(feed), do: MyApp.Feeds.Http.get(feed.url)
                end
                """,
            fixed="""\
                defmodule MyApp.Feeds do
                  def refresh_all(feeds) do
                    for feed <- feeds do
                      Task.Supervisor.start_child(MyApp.FeedTasks, fn -> refresh(feed) end)
                    end

                    :ok
                  end

                  defp refresh(feed), do: MyApp.Feeds.Http.get(feed.url)
                end
                """,
        ),
        Example(
            path="lib/my_app_web/live/search_live.ex",
            code="""\
                defmodule MyAppWeb.SearchLive do
                  use Phoenix.LiveView

                  def handle_event("search", %{"q" => term}, socket) do
                    task = «Task.async(fn -> MyApp.Search.run(term) end)»
                    {:noreply, assign(socket, task: task)}
                  end
                end
                """,
        ),
    )
    correct = (
        Example(
            code="""\
                defmodule MyApp.Dashboard do
                  def load(user) do
                    posts = Task.async(fn -> MyApp.Blog.recent(user) end)
                    stats = Task.async(fn -> MyApp.Stats.of(user) end)
                    %{posts: Task.await(posts), stats: Task.await(stats)}
                  end

                  def all(users) do
                    users
                    |> Enum.map(fn user -> Task.async(fn -> load(user) end) end)
                    |> Task.await_many()
                  end

                  def one(user), do: Task.async(fn -> load(user) end) |> Task.await()
                end
                """,
            why="Awaited in the same function, one by one or all together.",
        ),
        Example(
            path="lib/my_app_web/live/preview_live.ex",
            code="""\
                defmodule MyAppWeb.PreviewLive do
                  use Phoenix.LiveView

                  def handle_event("preview", %{"url" => url}, socket) do
                    task = Task.async(fn -> MyApp.Previews.fetch(url) end)
                    {:noreply, assign(socket, task: task)}
                  end

                  def handle_info({ref, preview}, %{assigns: %{task: %{ref: ref}}} = socket) do
                    Process.demonitor(ref, [:flush])
                    {:noreply, assign(socket, preview: preview, task: nil)}
                  end
                end
                """,
            why="The reply comes as a message, and there is a clause for it.",
        ),
        Example(
            code="""\
                defmodule MyApp.Lookups do
                  def start(term), do: Task.async(fn -> MyApp.Search.run(term) end)

                  def start_all(terms), do: Enum.map(terms, &start/1)
                end
                """,
            why="The handle goes back to a caller, who may await it.",
        ),
        Example(
            code="""\
                defmodule MyApp.Queue do
                  def push(job), do: MyApp.Broker.async(job)

                  def run(jobs) do
                    Enum.each(jobs, &push/1)
                    Bamboo.Task.async(jobs)
                  end
                end
                """,
            why="Another module's `async` is no task.",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path):
            return
        for call in file.calls("async", "async_nolink"):
            if call.module not in ("Task", "Task.Supervisor") or call.quoted or not call.is_invocation:
                continue
            definition, module = call.definition, call.enclosing_module
            if definition is None or module is None or definition.kind in ("defmacro", "defmacrop"):
                continue
            if definition.calls(*_AWAITS) or replies_are_handled(module):
                continue
            fate = _fate(call)
            if fate is None:
                continue
            yield self.finding(
                call.node,
                f"{fate}, in `{module.name}.{definition.name}/{definition.arity}`: its reply is left in the "
                f"caller's mailbox{_link(call)}.",
                Level.WARNING,
                confidence=Confidence.LIKELY if "kept" in fate else Confidence.CERTAIN,
                fixes=_fixes(call),
            )


def _link(call: Call) -> str:
    return "" if call.name == "async_nolink" else ", and its failure kills the caller"


def _fate(call: Call) -> str | None:
    """What becomes of the task's handle, when that is nothing good."""
    node = nodes.whole_pipeline(call.expression)
    if node != call.expression:
        return None
    if is_unused(call.file, node):
        return "Nobody keeps the task"
    parent = node.parent
    if nodes.is_operator(parent, "=") and parent is not None:
        left = parent.child_by_field_name("left")
        if left is None or left.type != "identifier":
            return None
        name = call.file.text(left)
        if not is_unused(call.file, parent) and not nodes.value_is_dropped(parent):
            return None
        if name.startswith("_") or not _is_read(call, left):
            return f"The task `{name}` is never awaited"
        if _is_state(call, name):
            return f"The task `{name}` is kept, but no `handle_info/2` takes its reply"
        return None
    if _is_argument_of_assign(call, node):
        return "The task is kept in the assigns, but no `handle_info/2` takes its reply"
    return None


def _is_read(call: Call, variable: Node) -> bool:
    definition = call.definition
    assert definition is not None
    name = call.file.text(variable)
    return any(
        inner != variable and call.file.text(inner) == name
        for inner in nodes.descendants(definition.node, "identifier")
    )


def _is_state(call: Call, name: str) -> bool:
    """Whether a LiveView, channel or server puts the handle into its assigns and never awaits one."""
    module, definition = call.enclosing_module, call.definition
    if module is None or definition is None or not has_role(module, Role.LIVE_VIEW, Role.CHANNEL):
        return False
    if module.file.calls(*_AWAITS[:6]):
        return False
    uses = [
        inner
        for inner in nodes.descendants(definition.node, "identifier")
        if call.file.text(inner) == name and inner.start_byte > call.node.end_byte
    ]
    return bool(uses) and all(_in_assign(call.file, inner) for inner in uses)


def _is_argument_of_assign(call: Call, node: Node) -> bool:
    module = call.enclosing_module
    if module is None or not has_role(module, Role.LIVE_VIEW, Role.CHANNEL):
        return False
    return not module.file.calls(*_AWAITS[:6]) and _in_assign(call.file, node)


def _in_assign(file: ElixirFile, node: Node) -> bool:
    """Whether the node is a value given to `assign`, directly or as one of its pairs."""
    parent = node.parent
    while parent is not None and parent.type in ("pair", "keywords", "arguments"):
        parent = parent.parent
    target = parent.child_by_field_name("target") if parent is not None and parent.type == "call" else None
    return target is not None and file.text(target) in ("assign", "Phoenix.Component.assign")


def _fixes(call: Call) -> list[Fix]:
    module = call.enclosing_module
    if module is None or not is_unused(call.file, _statement(call)):
        return []
    if call.module == "Task.Supervisor":
        return [_fix(call, TaskSupervisor("", True), "Start it with Task.Supervisor.start_child")]
    supervisor = task_supervisor_for(call.file.project, module.name)
    if supervisor is None:
        return []
    new = "" if supervisor.exists else ", a new Task.Supervisor of the application"
    title = f"Start it under {supervisor.name}{new}"
    return [_fix(call, supervisor, title)]


def _fix(call: Call, supervisor: TaskSupervisor, title: str) -> Fix:
    statement = _statement(call)
    return Fix(title, Applicability.UNSAFE, lambda context: start_child(context, call, supervisor, statement))


def _statement(call: Call) -> Node:
    """The call, with the `_task =` before it."""
    parent = call.node.parent
    if not nodes.is_operator(parent, "=") or parent is None:
        return call.node
    left = parent.child_by_field_name("left")
    if left is not None and left.type == "identifier" and not _is_read(call, left):
        return parent
    return call.node
