"""An action that talks to the database itself."""

from __future__ import annotations

from collections.abc import Iterable

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level, Related
from otpwise_analyzers.project import places
from otpwise_analyzers.project.repo_calls import READS, TRANSACTIONS, WRITES
from otpwise_analyzers.project.roles import Role, roles_of
from otpwise_analyzers.project.web_repo_calls import (
    USUAL_SHARE,
    answers_requests,
    comes_before_actions,
    presents,
    repo_calls_by_definition,
    repo_calls_in,
    streams,
)
from otpwise_analyzers.rewrite.context import contexts_for
from otpwise_analyzers.rewrite.extract import Extraction
from otpwise_analyzers.rules.base import FixNote, Impact, Reference, Rule
from otpwise_analyzers.rules.phoenix.repo_in_web_examples import CORRECT, INCORRECT
from otpwise_analyzers.rules.phoenix.repo_in_web_extraction_examples import EXTRACTIONS
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.template_file import TemplateFile


class RepoInWeb(Rule):
    name = "phoenix/repo-in-web"
    summary = "a controller, LiveView, channel or view that calls the repo itself"
    impact = Impact.HIGH
    detects = (
        "Calls of an Ecto repo in controllers, LiveViews, components, channels and views, one finding a "
        "function; in templates (`~H`, .heex, .eex, .leex) too, one finding a template. A query while something is "
        "rendered is a warning, a write an information, a read a hint."
    )
    why = (
        "What an action does with the database is a rule of the business: who else needs it (a channel, a job, "
        "a console) writes it again, a little differently, and a test needs a connection to reach it. In a view "
        "it is worse: the query runs once for each rendered item, and for every change that a LiveView renders."
    )
    fine_when = (
        "A socket's `connect/3`, plugs and `join/3` load whom they authenticate; health checks ask `SELECT 1`; "
        "a streamed download must hold its transaction open while it answers. None of these is reported. Where "
        "more than 30 % of the controllers query, reads are taken for the project's style and only reported "
        "in the strict profile."
    )
    trade_off = "One more function and one more place to look; a context that only forwards is worth little."
    fix_note = FixNote(
        writes=(
            "The call moves into the context above its schema, or into the one whose function gave the rows, with "
            "the assignments, aliases and imports that it needs, and is called from there; a private function that "
            "needs nothing of the request moves as it is. Writes that belong together become one `Ecto.Multi`. "
            "Where no name space says which context, each that has to do with the rows is offered; one that there "
            "is not yet is created at its path."
        ),
        because=(
            "Unsafe: names are a proposal, and of writes that became a `Multi` a failed step answers "
            "`{:error, changeset}` where it raised before."
        ),
        leaves=(
            "Not offered when something of the request (`conn`, a function of the web layer) cannot be passed, "
            "when nothing says what the rows are, or when writes would be torn apart."
        ),
    )
    references = (
        Reference("Phoenix: Contexts", "https://hexdocs.pm/phoenix/contexts.html"),
        Reference("Ecto.Multi", "https://hexdocs.pm/ecto/Ecto.Multi.html"),
    )

    calls = READS | WRITES | TRANSACTIONS
    needles = (b"Repo",)
    template_needles = (b"Repo.",)

    incorrect = INCORRECT + EXTRACTIONS
    correct = CORRECT

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path):
            return
        # Most files are not of the web: asking for their roles is cheaper than for their calls.
        roles = {module.node.start_byte: roles_of(module) for module in file.modules}
        if not any(answers_requests(module, roles[module.node.start_byte]) for module in file.modules):
            return
        for definition, calls in repo_calls_by_definition(file):
            module = definition.module
            if module is None:
                continue
            key = module.node.start_byte
            if not answers_requests(module, roles[key]):
                continue
            if comes_before_actions(module, definition) or streams(definition):
                continue
            yield from self._judge(file, module, definition, roles[key], calls)

    def check_template(self, template: TemplateFile) -> Iterable[Finding]:
        if not places.is_production_code(template.path):
            return
        for calls in repo_calls_in(template):
            first = calls[0]
            yield self.finding(
                first.node,
                _message_of_template(template, first),
                Level.WARNING,
                related=_others(calls, first),
            )

    def _judge(
        self,
        file: ElixirFile,
        module: Module,
        definition: Definition,
        roles: frozenset[Role],
        calls: list[Call],
    ) -> Iterable[Finding]:
        writes = [call for call in calls if call.name in WRITES | TRANSACTIONS]
        presented = presents(definition, roles)
        project_style = not writes and not presented and file.project.repo_share_of_controllers > USUAL_SHARE
        first = (writes or calls)[0]
        level = Level.WARNING if presented else Level.INFORMATION if writes else Level.HINT
        message = _message(module, definition, first, presented=presented)
        fixes = () if presented else _fixes(file, definition, calls)
        yield self.finding(
            first.node,
            message,
            level,
            related=_others(calls, first),
            fixes=fixes,
            strict_only=project_style,
        )


def _fixes(file: ElixirFile, definition: Definition, calls: list[Call]) -> tuple[Fix, ...]:
    at = definition.node.start_byte
    return tuple(
        Fix(f"Extract into {context}", Applicability.UNSAFE, Extraction(at, context))
        for context in contexts_for(file, definition, calls)
    )


def _others(calls: list[Call], first: Call) -> list[Related]:
    return [
        Related(Span(call.node.start_byte, call.node.end_byte), f"`{_written(call)}` is called here too")
        for call in calls
        if call is not first
    ]


def _written(call: Call) -> str:
    return f"{call.module}.{call.name}/{call.arity}"


def _message_of_template(template: TemplateFile, call: Call) -> str:
    definition, module = call.definition, call.enclosing_module
    if definition is not None and module is not None:
        who = f"`{module.name}.{definition.name}/{definition.arity}`"
    else:
        who = f"`{template.path.rpartition('/')[2]}`"
    return (
        f"{who} calls `{_written(call)}` in its template: a query for each time that it is shown. "
        "Load the data where the assigns are made."
    )


def _message(module: Module, definition: Definition, call: Call, *, presented: bool) -> str:
    who = f"`{module.name}.{definition.name}/{definition.arity}`"
    if presented:
        return (
            f"{who} calls `{_written(call)}` while it renders: a query for each time that it is shown. "
            "Load the data where the assigns are made."
        )
    if call.name in WRITES | TRANSACTIONS:
        return (
            f"{who} writes through `{_written(call)}` itself: whoever needs the same change elsewhere has to "
            "repeat its rules. That is a context's work."
        )
    return f"{who} reads through `{_written(call)}` itself; in a context the query would have a name."
