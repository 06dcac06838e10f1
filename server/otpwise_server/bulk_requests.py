"""A rule's fixes in the whole project: the command, which shows them before they are made, and the requests for an
editor that shows them itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

from otpwise_server import uris
from otpwise_server.actions import QUICK_FIX, Offer
from otpwise_server.analysis import ProjectAnalysis, rule_names, summaries
from otpwise_server.documents import Text
from otpwise_server.plain import plain
from otpwise_server.progress import Progress
from otpwise_server.worker import Urgency
from otpwise_server.workspace_edits import CannotEditError, Caution, workspace_edit

if TYPE_CHECKING:
    from otpwise_server.everywhere import Everywhere
    from otpwise_server.server import OtpwiseServer
    from otpwise_server.session import Session

FIX_ALL_IN_PROJECT = "otpwise.fixAllInProject"
FIXES = "otpwise/fixAllInProject"
FIXABLE = "otpwise/fixable"

_APPLY, _DIFF, _CANCEL = "Apply", "Show diff", "Cancel"
# Seconds that a user's own question after actions may take longer for it.
_PATIENCE = 0.35
# Files that a question names.
_NAMED = 5


class Wanted(msgspec.Struct, rename="camel"):
    """What is to be fixed: a rule, in the project of `uri` (or of the first workspace folder). With `unsafe` fixes
    that may change behaviour count too; when it is not said, only where there are no safe ones."""

    rule: str
    uri: str | None = None
    unsafe: bool | None = None
    work_done_token: str | int | None = None


class NothingToFixError(Exception):
    """There is nothing that could be shown. The message says why, to the user."""


def register(server: OtpwiseServer) -> None:
    """Adds the command and the requests."""
    session = server.session

    @server.feature(FIXES)
    async def fixes(params: Any) -> dict[str, Any] | None:
        wanted = _wanted(params)
        project = session.project_of(wanted.uri)
        try:
            found = await _found(session, project, wanted)
            return await _answer(session, project, found)
        except NothingToFixError:
            return None
        except CannotEditError as error:
            raise JsonRpcException(str(error), types.LSPErrorCodes.ContentModified.value) from error

    @server.feature(FIXABLE)
    async def fixable(params: Any) -> list[dict[str, Any]]:
        uri, token = getattr(params, "uri", None), getattr(params, "workDoneToken", None)
        project = session.project_of(uri if isinstance(uri, str) else None)
        return await _fixable(session, project, token)

    if session.client.applies_edits:

        @server.command(FIX_ALL_IN_PROJECT)
        async def fix_all_in_project(*arguments: Any) -> None:
            """Answers at once: a user who thinks for a while is no request without an answer."""
            match [plain(one) for one in arguments]:
                case [dict(one)]:
                    wanted = _wanted(one)
                case [str(rule), *more] if len(more) < 2:
                    wanted = _wanted({"rule": rule, "uri": more[0] if more else None})
                case _:
                    raise JsonRpcInvalidParams(f"{FIX_ALL_IN_PROJECT} takes {{rule, uri, unsafe}}")
            session.spawn(_offer(session, wanted))


async def in_project(
    session: Session, project: ProjectAnalysis, text: Text, offer: Offer, is_asked_for: bool
) -> list[types.CodeAction]:
    """The actions that fix a rule in the whole project, for those of the `offer` that have something to fix in
    another file too. An editor that asks on its own is not made to wait."""
    from otpwise_server.everywhere import SAFE_AND_UNSAFE, SAFE_ONLY, Census

    if session.census is None:
        session.census = Census(session)
    actions = []
    path = project.relative(text.path, text.uri)
    for rule, is_safe in offer.rules.items():
        allowed = SAFE_ONLY if is_safe else SAFE_AND_UNSAFE
        patience = _PATIENCE if is_asked_for else 0.01
        if await session.census.has_more(project, rule, path, allowed, patience):
            title = f"Fix all of {rule} in the project{'' if is_safe else ' (may change behaviour)'}"
            arguments = [{"rule": rule, "uri": text.uri, "unsafe": not is_safe}]
            command = types.Command(title, FIX_ALL_IN_PROJECT, arguments=arguments)
            about = offer.diagnostics.get(rule) or None
            actions.append(types.CodeAction(title, kind=QUICK_FIX, command=command, diagnostics=about))
    return actions


def _wanted(params: Any) -> Wanted:
    try:
        wanted = msgspec.convert(plain(params), Wanted)
    except msgspec.ValidationError as error:
        raise JsonRpcInvalidParams(f"not {{rule, uri, unsafe}}: {error}") from error
    if wanted.rule not in rule_names():
        raise JsonRpcInvalidParams(f"there is no rule {wanted.rule!r}")
    return wanted


async def _found(session: Session, project: ProjectAnalysis, wanted: Wanted) -> Everywhere:
    """The fixes. Raises NothingToFixError."""
    # Not at the start: nobody needs it before.
    from otpwise_server.everywhere import SAFE_AND_UNSAFE, SAFE_ONLY, fix_everywhere

    if project.root is None or not await session.is_indexed(project):
        raise NothingToFixError("there is no Mix project here")
    kinds = {None: (SAFE_ONLY, SAFE_AND_UNSAFE), True: (SAFE_AND_UNSAFE,), False: (SAFE_ONLY,)}
    title = f"Otpwise: fixing {wanted.rule}"
    async with Progress.later(session.server, title, wanted.work_done_token) as progress:
        for allowed in kinds[wanted.unsafe]:
            found = await fix_everywhere(session, project, wanted.rule, allowed, progress.report)
            if found.fixed.files:
                return found
    kind = " safe" if wanted.unsafe is False else ""
    why = f": {found.left_out[0]}" if found.left_out else ""
    raise NothingToFixError(
        f"{wanted.rule} has no finding with a{kind} fix that can be made in the project{why}"
    )


async def _fixable(
    session: Session, project: ProjectAnalysis, token: types.ProgressToken | None
) -> list[dict[str, Any]]:
    from otpwise_server.everywhere import fixable

    if project.root is None or not await session.is_indexed(project):
        return []
    async with Progress.later(session.server, "Otpwise: looking for what can be fixed", token) as progress:
        found = await fixable(session, project, progress.report)
    said = await session.thread.run(Urgency.REQUEST, summaries)
    return [
        {
            "rule": one.rule,
            "summary": said.get(one.rule, ""),
            "unsafe": one.unsafe,
            "findings": one.findings,
            "files": len(one.paths),
        }
        for one in found
    ]


async def _edit(session: Session, project: ProjectAnalysis, found: Everywhere) -> types.WorkspaceEdit:
    """The whole as one edit of the files as they still are. Raises CannotEditError."""
    from otpwise_server.everywhere import still_fits

    reading = await still_fits(session, project, found)
    look = "These rewrites may change what the code does: look at each." if found.unsafe else "All are safe."
    caution = Caution(f"Fix all of {found.rule}", f"{_findings(found)} in {_files(found)}. {look}")
    return workspace_edit(found.change, session.client, project, reading, caution)


async def _answer(session: Session, project: ProjectAnalysis, found: Everywhere) -> dict[str, Any]:
    edit = await _edit(session, project, found)
    return {
        "rule": found.rule,
        "unsafe": found.unsafe,
        "findings": found.findings,
        "files": [uris.from_path(found.root / path) for path in found.files],
        "leftOut": found.left_out,
        "edit": session.server.protocol._converter.unstructure(edit, types.WorkspaceEdit),
        "diff": found.diff(),
    }


async def _offer(session: Session, wanted: Wanted) -> None:
    """Shows what would be done and does it, or says why not."""
    project = session.project_of(wanted.uri)
    try:
        found = await _found(session, project, wanted)
        if not session.client.annotations and not await _is_agreed(session, found):
            return
        edit = await _edit(session, project, found)
    except NothingToFixError as error:
        session.say(str(error))
        return
    except CannotEditError as error:
        session.say(f"nothing was fixed: {error}", types.MessageType.Warning)
        return
    label = f"Fix all of {found.rule}"
    answer = await session.server.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(edit, label))
    if answer.applied:
        for why in found.left_out:
            session.say(f"some findings of {found.rule} are left: {why}")
        return
    # An editor that showed a preview says no more than that its user did not want it.
    changed = [path for path, text in found.texts.items() if not session.projects.is_newest(text)]
    if changed:
        session.say(f"nothing was fixed: {changed[0]} was changed meanwhile", types.MessageType.Warning)
    elif answer.failure_reason or not session.client.annotations:
        why = answer.failure_reason or "the editor refused it"
        session.say(f"nothing was fixed: {why}", types.MessageType.Warning)


async def _is_agreed(session: Session, found: Everywhere) -> bool:
    """Asks the user of an editor that has no preview."""
    server, shows = session.server, session.client.shows_documents
    files = found.files
    named = ", ".join(files[:_NAMED]) + (f" and {len(files) - _NAMED} more" if len(files) > _NAMED else "")
    question = f"Otpwise: Fix {_findings(found)} of {found.rule} in {_files(found)}: {named}?"
    if found.unsafe:
        question += " It may change what the code does."
    if not shows:
        more = " --unsafe-fixes" if found.unsafe else ""
        question += f" (`otpwise check --hints --diff{more} --select {found.rule}` shows it.)"
    while True:
        actions = [
            types.MessageActionItem(title) for title in ((_DIFF,) if shows else ()) + (_APPLY, _CANCEL)
        ]
        params = types.ShowMessageRequestParams(types.MessageType.Info, question, actions)
        chosen = await server.window_show_message_request_async(params)
        if chosen is None or chosen.title != _DIFF:
            return chosen is not None and chosen.title == _APPLY
        file = session.scratch() / f"{found.rule.replace('/', '-')}.diff"
        file.write_text(found.diff(), encoding="utf-8", newline="")
        shown = types.ShowDocumentParams(uris.from_path(file), take_focus=True)
        await server.window_show_document_async(shown)
        shows = False


def _findings(found: Everywhere) -> str:
    return f"{found.findings} finding{'s' * (found.findings != 1)}"


def _files(found: Everywhere) -> str:
    return f"{len(found.files)} file{'s' * (len(found.files) != 1)}"
