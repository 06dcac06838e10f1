"""What a file says about supervisors and their children. Nothing here holds a position.

The places lie in the file's spans, under keys made of the module's name:
`Module#0` is the module's first supervisor, `Module#0.2` its third child, `Module#0.2.0` a child of that one
where the entry itself is a supervisor; `Module>1` is what it starts second under a running supervisor, and
`Module.fun/1#0` the first child that a function answers with.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

LINKED = "linked"
"""The `function` of a supervisor that a process starts for itself, in its own `init/1`."""

CALLER = "whoever calls "
"""How the `source` of a child begins that is a parameter of the function that starts it."""


class Child(msgspec.Struct, frozen=True, array_like=True):
    """An entry of a children list.

    `module` is None where only a running system knows it; `source` then says where it comes from. `name`,
    `id`, `restart` and `type` are those that the entry gives as literals, `has_options` says whether it is
    given anything but an empty list. `function` starts it. `condition` says when it is there (empty: always),
    and `is_repeated` that there are as many as something else has. A `source` of the form
    `Module.function/1` beside no module, or of `Module.child_spec/1` beside one, names the function that
    makes the entry. `supervisor` is what the entry itself says of the supervisor that it starts. `handed`
    are the modules that it is given, which may start them.
    """

    module: str | None = None
    name: str | None = None
    has_options: bool = False
    id: str | None = None
    restart: str | None = None
    type: str | None = None
    function: str = "start_link"
    condition: str = ""
    is_repeated: bool = False
    source: str = ""
    supervisor: Supervising | None = None
    handed: tuple[str, ...] = ()


class Supervising(msgspec.Struct, frozen=True, array_like=True):
    """A supervisor that a module's code describes.

    `module` is the behaviour's: `Supervisor`, `DynamicSupervisor`, `PartitionSupervisor` and so on; or, for
    the callback of an application that hands over to it, a module of the project. `function` is where it
    is described, as `init/1`, or LINKED. What is not written is None; `unread` are the options that are written but
    are no literals, `*` when the options as a whole are not known.
    """

    module: str
    function: str = ""
    name: str | None = None
    strategy: str | None = None
    max_restarts: int | None = None
    max_seconds: int | None = None
    unread: tuple[str, ...] = ()
    children: tuple[Child, ...] = ()


class Started(msgspec.Struct, frozen=True, array_like=True):
    """A child that is started under a running supervisor: `DynamicSupervisor.start_child(Name, spec)`.

    `supervisor` is its name, or the module that was called (`MyApp.Rooms.start_child(spec)`); None when
    only a running system knows. `function` is where that happens, as `open/1`. A task need have no module.
    `is_handed_on` says that a function of the supervisor's module is called, which starts what it is given.
    """

    supervisor: str | None
    child: Child
    function: str = ""
    is_task: bool = False
    is_handed_on: bool = False


def all_children(children: tuple[Child, ...]) -> Iterator[Child]:
    """The children and those of the supervisors that stand in their entries, in order."""
    for child in children:
        yield child
        if child.supervisor is not None:
            yield from all_children(child.supervisor.children)
