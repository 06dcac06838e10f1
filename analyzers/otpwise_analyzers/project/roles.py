"""What part a module plays in an application: controller, channel, schema, supervisor and so on."""

from __future__ import annotations

from enum import StrEnum

from tree_sitter import Node

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.modules import Module


class Role(StrEnum):
    """A part that a module plays; it may play several (a LiveView that renders itself)."""

    CONTROLLER = "controller"
    LIVE_VIEW = "live_view"
    LIVE_COMPONENT = "live_component"
    COMPONENT = "component"
    VIEW = "view"
    CHANNEL = "channel"
    SOCKET = "socket"
    PLUG = "plug"
    ROUTER = "router"
    ENDPOINT = "endpoint"
    APPLICATION = "application"
    SUPERVISOR = "supervisor"
    PROCESS = "process"
    SCHEMA = "schema"
    REPO = "repo"
    MIX_TASK = "mix_task"
    MIGRATION = "migration"
    TEST = "test"


WEB = frozenset(
    {Role.CONTROLLER, Role.LIVE_VIEW, Role.LIVE_COMPONENT, Role.COMPONENT, Role.VIEW, Role.CHANNEL}
)
"""Roles that answer a user's request; sockets, plugs, the router and the endpoint stand before them."""

_BY_MODULE = {
    "Phoenix.Controller": Role.CONTROLLER,
    "Phoenix.LiveView": Role.LIVE_VIEW,
    "Phoenix.LiveComponent": Role.LIVE_COMPONENT,
    "Phoenix.Component": Role.COMPONENT,
    "Phoenix.View": Role.VIEW,
    "Phoenix.LiveDashboard.PageBuilder": Role.LIVE_VIEW,
    "Phoenix.Channel": Role.CHANNEL,
    "Phoenix.Socket": Role.SOCKET,
    "Phoenix.Router": Role.ROUTER,
    "Phoenix.Endpoint": Role.ENDPOINT,
    "Plug": Role.PLUG,
    "Plug.Builder": Role.PLUG,
    "Plug.ErrorHandler": Role.PLUG,
    "Plug.Router": Role.PLUG,
    "Application": Role.APPLICATION,
    "Supervisor": Role.SUPERVISOR,
    "DynamicSupervisor": Role.SUPERVISOR,
    "PartitionSupervisor": Role.SUPERVISOR,
    "GenServer": Role.PROCESS,
    "GenStage": Role.PROCESS,
    "Agent": Role.PROCESS,
    "Broadway": Role.PROCESS,
    "GenStateMachine": Role.PROCESS,
    ":gen_server": Role.PROCESS,
    ":gen_statem": Role.PROCESS,
    "Ecto.Schema": Role.SCHEMA,
    "Ecto.Repo": Role.REPO,
    "Ecto.Migration": Role.MIGRATION,
    "Mix.Task": Role.MIX_TASK,
    "ExUnit.Case": Role.TEST,
    "ExUnit.CaseTemplate": Role.TEST,
}

# The atom of `use MyAppWeb, :admin_controller` is the project's own; its end is what they agree on.
_BY_ATOM = (
    ("controller", Role.CONTROLLER),
    ("live_view", Role.LIVE_VIEW),
    ("liveview", Role.LIVE_VIEW),
    ("live_component", Role.LIVE_COMPONENT),
    ("channel", Role.CHANNEL),
    ("view", Role.VIEW),
    ("html", Role.COMPONENT),
    ("component", Role.COMPONENT),
    ("plug", Role.PLUG),
    ("router", Role.ROUTER),
    ("socket", Role.SOCKET),
)


def roles_of(module: Module) -> frozenset[Role]:
    """The parts that a module plays.

    Taken from what it `use`s (through the project's own `use MyAppWeb, :controller`) and from its
    behaviours. Only a module that says nothing there is judged by its name and its functions.
    """
    # Half of all rules ask this of every module of the web layer; a module is one version of one file.
    known: frozenset[Role] | None = module.__dict__.get("_roles")
    if known is None:
        known = module.__dict__["_roles"] = _roles_of(module)
    return known


def _roles_of(module: Module) -> frozenset[Role]:
    found = {role for name in module.all_uses if (role := _BY_MODULE.get(name)) is not None}
    found.update(role for name in module.behaviours if (role := _BY_MODULE.get(name)) is not None)
    for use in module.uses:
        if use.argument is not None and use.module not in _BY_MODULE:
            role = _role_of_atom(use.argument, use.module)
            if role is not None:
                found.add(role)
    # A LiveView's own `use` brings the components' with it; what it renders is still its own.
    if found & {Role.LIVE_VIEW, Role.LIVE_COMPONENT, Role.CONTROLLER}:
        found.discard(Role.COMPONENT)
    if not found:
        by_shape = _role_by_shape(module)
        if by_shape is not None:
            found.add(by_shape)
    return frozenset(found)


def has_role(module: Module, *roles: Role) -> bool:
    """Whether the module plays one of these parts."""
    return not roles_of(module).isdisjoint(roles)


def _role_of_atom(atom: str, used: str) -> Role | None:
    is_web_module = used.rpartition(".")[2].endswith("Web")
    for ending, role in _BY_ATOM:
        if atom == ending or atom.endswith(f"_{ending}"):
            # `:view` or `:plug` of some other macro may mean anything; `:controller` hardly can.
            sure = role in (Role.CONTROLLER, Role.LIVE_VIEW, Role.LIVE_COMPONENT, Role.CHANNEL)
            return role if sure or is_web_module else None
    return None


def _role_by_shape(module: Module) -> Role | None:
    name = module.name.rpartition(".")[2]
    if name.endswith("Controller") and any(
        len(definition.params) == 2 and _names(module, definition.params[0], "conn")
        for definition in module.definitions
    ):
        return Role.CONTROLLER
    if name.endswith("Channel") and (module.defines("join", 3) or module.defines("handle_in", 3)):
        return Role.CHANNEL
    if name.endswith("Socket") and (module.defines("connect", 2) or module.defines("connect", 3)):
        return Role.SOCKET
    if name.endswith("Live") and (module.defines("mount", 3) or module.defines("handle_event", 3)):
        return Role.LIVE_VIEW
    if module.defines("init", 1) and module.defines("call", 2):
        return Role.PLUG
    if module.name.partition(".")[0].endswith("Web") or ".Web." in module.name:
        if name.endswith(("JSON", "HTML", "View", "XML")):
            return Role.VIEW
        if name.endswith(("Component", "Components")):
            return Role.COMPONENT
    return None


def _names(module: Module, param: Node, name: str) -> bool:
    """Whether a parameter binds `name`: `conn`, `%Plug.Conn{} = conn`, `conn = %{...}`."""
    if param.type == "identifier":
        return module.file.text(param) == name
    return nodes.is_operator(param, "=") and any(
        nodes.identifier(side, module.file.data) == name for side in nodes.named(param)
    )


def app_prefix(module_name: str) -> str | None:
    """`MyApp` of `MyAppWeb.UserController` and of `MyApp.Web.UserController`; None for other names."""
    parts = module_name.split(".")
    for index, part in enumerate(parts[:-1]):
        if part == "Web" and index:
            return ".".join(parts[:index])
        if part.endswith("Web") and part != "Web":
            return ".".join([*parts[:index], part.removesuffix("Web")])
    return None


def is_web_name(module_name: str) -> bool:
    """Whether the name lies in a web namespace: `MyAppWeb`, `MyAppWeb.Router`, `MyApp.Web.Endpoint`."""
    return any(part == "Web" or part.endswith("Web") for part in module_name.split("."))
