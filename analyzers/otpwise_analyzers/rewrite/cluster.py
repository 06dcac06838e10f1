"""Puts libcluster in the place of nodes that are connected by hand."""

from __future__ import annotations

from collections.abc import Sequence

from otpwise_analyzers.findings import Change, FileChange
from otpwise_analyzers.project.node_names import connects, literal_names, variable_of
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import children, layout
from otpwise_analyzers.rewrite.config_entries import CannotRewriteError
from otpwise_analyzers.rewrite.config_placing import append
from otpwise_analyzers.rewrite.dependencies import add_dependencies
from otpwise_analyzers.rewrite.naming import underscored
from otpwise_analyzers.rewrite.runtime_config import destination
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax.calls import Call

DEPENDENCY = {"libcluster": "~> 3.4"}
_CHILD = (
    "{Cluster.Supervisor, [Application.get_env(:libcluster, :topologies, []), [name: %s.ClusterSupervisor]]}"
)


def clustered(context: FixContext, call: Call) -> Change | None:
    """The dependency, the child, and a topology with the same nodes in `config/runtime.exs`.

    Statements that connect and do nothing else are removed. None when the children or the dependencies
    are not plain lists, or when the project has no `config/runtime.exs` and could not have one.
    """
    application = context.project.application
    where = destination(context.project, "prod")
    if application is None or where is None:
        return None
    root = application.facts.name.removesuffix(".Application").removesuffix(".App")
    child = children.add_child(context, "Cluster.Supervisor", _CHILD % root)
    dependencies = add_dependencies(context, DEPENDENCY)
    if child is None or dependencies is None:
        return None
    try:
        lines = _topology(underscored(root.partition(".")[0]), call)
        config = _configured(context, where.path, lines, where.environment)
    except CannotRewriteError:
        return None
    edits = _without(call)
    own = (layout.change_of(call.file, edits),) if edits else ()
    return children.merged(*own, *child, *dependencies, config)


def _topology(name: str, call: Call) -> list[str]:
    names, variable = literal_names(call), variable_of(call)
    lines = ["# TODO: where nodes come and go, Cluster.Strategy.DNSPoll or a Kubernetes strategy finds them."]
    if names:
        return [*lines, *_config(name, f"[{', '.join(names)}]")]
    if variable is None:
        raise CannotRewriteError("names that are not known")
    return [
        *lines,
        "nodes =",
        f'  "{variable}"',
        '  |> System.get_env("")',
        '  |> String.split([",", " "], trim: true)',
        "  |> Enum.map(&String.to_atom/1)",
        "",
        *_config(name, "nodes"),
    ]


def _config(name: str, hosts: str) -> list[str]:
    """As the formatter keeps it: broken where a line would be too long inside of an `if`."""
    topology = f"{name}: [strategy: Cluster.Strategy.Epmd, config: [hosts: {hosts}]]"
    lines = ["config :libcluster,", "  topologies: ["]
    if len(topology) + 6 <= layout.WIDTH - 2:
        return [*lines, f"    {topology}", "  ]"]
    return [
        *lines,
        f"    {name}: [",
        "      strategy: Cluster.Strategy.Epmd,",
        f"      config: [hosts: {hosts}]",
        "    ]",
        "  ]",
    ]


def _configured(context: FixContext, path: str, lines: Sequence[str], environment: str | None) -> FileChange:
    if max(map(len, lines)) + 2 > layout.WIDTH:
        raise CannotRewriteError("a line that is too long")
    target = context.open(path)
    if target is None:
        inner = "".join(f"  {line}\n" if line else "\n" for line in lines)
        text = f"import Config\n\nif config_env() == :{environment} do\n{inner}end\n"
        return FileChange(path, (Edit(0, 0, text),), create=True)
    return layout.change_of(target, append(target, lines, environment))


def _without(call: Call) -> list[Edit]:
    """Removes the statements of the same function that connect to a literal name and whose value nobody has."""
    edits = []
    file = call.file
    for other in connects(file):
        if other.definition is not call.definition or not literal_names(other):
            continue
        if layout.is_statement(other.node) and other.value_is_dropped:
            edits.append(layout.delete_statement(file, other.node))
    return edits
