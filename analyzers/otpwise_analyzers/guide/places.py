"""The ways in which a construct is found. Names are resolved: a local `call`, or someone's own `Repo`, is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from otpwise_analyzers.guide.token import Token
from otpwise_analyzers.project.roles import Role, has_role
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.modules import Module


class Remote:
    """`Module.function(...)`, also piped or captured."""

    def __init__(self, module: str, *functions: str) -> None:
        self._module = module
        self.words = frozenset(functions)

    def match(self, token: Token) -> Span | None:
        call = token.call
        if call is None or call.receiver is None or not call.is_invocation or call.module != self._module:
            return None
        return token.call_span


class RepoCall:
    """`MyApp.Repo.function(...)` of an Ecto repo, whatever that is called in this project."""

    def __init__(self, *functions: str) -> None:
        self.words = frozenset(functions)

    def match(self, token: Token) -> Span | None:
        call = token.call
        if call is None or call.receiver is None or not call.is_invocation:
            return None
        return token.call_span if token.file.project.is_repo(call.module) else None


class Imported:
    """`function(...)` in a module that imports `source`, by itself, by a `use`, or by the part it plays."""

    def __init__(self, source: str, *functions: str, roles: tuple[Role, ...] = ()) -> None:
        self._source = source
        self._roles = roles
        self.words = frozenset(functions)

    def match(self, token: Token) -> Span | None:
        call = token.call
        if call is None or call.receiver is not None or call.arguments is None:
            return None
        module = call.enclosing_module
        if module is None or module.defines(call.name):
            return None
        return token.span if self._reaches(module) else None

    def _reaches(self, module: Module) -> bool:
        if self._source in module.all_uses or self._source in module.imports:
            return True
        return bool(self._roles) and has_role(module, *self._roles)


class Used:
    """`use Module`, or a `use MyAppWeb, :channel` of the project that brings it."""

    def __init__(self, *modules: str, through: str = "") -> None:
        self._modules = modules
        self._through = through
        # With `through`, the module that is used is the project's own, of any name.
        self.words = frozenset({*modules, *((f":{through}",) if through else ())})

    def match(self, token: Token) -> Span | None:
        used = token.used
        if used is not None and token.file.module_name(token.node) in self._modules:
            return Span(used.start_byte, token.node.end_byte)
        return self._match_atom(token) if self._through and token.node.type == "atom" else None

    def _match_atom(self, token: Token) -> Span | None:
        module = token.module
        if module is None:
            return None
        for use in module.uses:
            if use.argument == self._through and nodes.encloses(use.node, token.node):
                expansion = token.file.project.expansion(use.module, use.argument)
                if expansion is not None and not set(self._modules).isdisjoint(expansion.uses):
                    return Span(use.node.start_byte, token.node.end_byte)
        return None


class Child:
    """`{Module, ...}` in a list, as children are written."""

    def __init__(self, *modules: str) -> None:
        self.words = frozenset(modules)

    def match(self, token: Token) -> Span | None:
        parent = token.node.parent
        if parent is None or parent.type != "tuple" or nodes.named(parent)[0] != token.node:
            return None
        outer = parent.parent
        return token.span if outer is not None and outer.type == "list" else None


class Callback:
    """`def name(...)` of an arity, in a module of one of these parts or that uses one of these modules."""

    def __init__(
        self, name: str, *arities: int, roles: tuple[Role, ...] = (), uses: tuple[str, ...] = ()
    ) -> None:
        self.words = frozenset({name})
        self._arities = arities
        self._roles = roles
        self._uses = uses

    def match(self, token: Token) -> Span | None:
        head = token.head
        if head is None or head.kind != "def" or head.arity not in self._arities or head.module is None:
            return None
        module = head.module
        if not module.all_uses.isdisjoint(self._uses) or not module.behaviours.isdisjoint(self._uses):
            return token.span
        return token.span if self._roles and has_role(module, *self._roles) else None


@dataclass(frozen=True)
class Key:
    """`key: value` where `fits` says so of its surroundings."""

    key: str
    fits: Callable[[Token], bool]

    @property
    def words(self) -> frozenset[str]:
        return frozenset({f"{self.key}:"})

    def match(self, token: Token) -> Span | None:
        if token.pair is None or token.key != self.key:
            return None
        return token.pair_span if self.fits(token) else None


@dataclass(frozen=True)
class Atom:
    """One of some atoms where `fits` says so of its surroundings."""

    atoms: frozenset[str]
    fits: Callable[[Token], bool]

    @property
    def words(self) -> frozenset[str]:
        return frozenset(f":{atom}" for atom in self.atoms)

    def match(self, token: Token) -> Span | None:
        if token.node.type != "atom" or token.file.text(token.node) not in self.words:
            return None
        return token.span if self.fits(token) else None


@dataclass(frozen=True)
class Local:
    """`function(...)` without a module where `fits` says so of its surroundings."""

    function: str
    fits: Callable[[Token], bool]

    @property
    def words(self) -> frozenset[str]:
        return frozenset({self.function})

    def match(self, token: Token) -> Span | None:
        call = token.call
        if call is None or call.receiver is not None or call.arguments is None:
            return None
        if call.enclosing_module is not None and call.enclosing_module.defines(call.name):
            return None
        return token.span if self.fits(token) else None
