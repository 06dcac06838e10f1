"""The requests around code actions: what is offered, the edit behind it, and the edit made by a command."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

from otpwise_server.actions import FIX_ALL, QUICK_FIX, ActionData, Offer, Wanted
from otpwise_server.documents import Text
from otpwise_server.plain import plain
from otpwise_server.projects import is_served
from otpwise_server.worker import Urgency
from otpwise_server.workspace_edits import CannotEditError

if TYPE_CHECKING:
    from otpwise_server.server import OtpwiseServer
    from otpwise_server.session import Session

log = logging.getLogger(__name__)

APPLY = "otpwise.apply"
# How often an edit is made anew for somebody who types on meanwhile.
_ATTEMPTS = 3


class StaleError(CannotEditError):
    """What the edit was for is not there any more."""


def register(server: OtpwiseServer) -> None:
    """Adds the requests, in the form that the client knows."""
    session = server.session
    options = types.CodeActionOptions(
        code_action_kinds=[types.CodeActionKind.QuickFix, types.CodeActionKind.RefactorExtract, FIX_ALL],
        resolve_provider=True,
    )

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)
    async def code_action(
        params: types.CodeActionParams,
    ) -> list[types.CodeAction] | list[types.Command] | None:
        text = _open(session, params.text_document.uri)
        if text is None:
            return None
        project = session.projects.of(text.path)
        wanted = Wanted(params.context.only)
        makes_edits = not (session.client.resolves_edits or session.client.takes_commands)

        def job() -> tuple[list[types.CodeAction], Offer]:
            if makes_edits:
                session.catch_up(project)
            checked = project.check(text, lambda: False)
            offer = Offer(checked, project, session.projects, session.client)
            span = text.span(params.range, session.client.encoding)
            return offer.actions(span, wanted, params.context.diagnostics), offer

        actions, offer = await session.thread.run(Urgency.REQUEST, job)
        is_asked_for = params.context.trigger_kind != types.CodeActionTriggerKind.Automatic
        if is_asked_for:
            _say_what_is_left_out(session, offer.left_out)
        if wanted.has(QUICK_FIX) and offer.rules and project.is_indexed and session.client.applies_edits:
            from otpwise_server.bulk_requests import in_project

            found = await in_project(session, project, text, offer, is_asked_for)
            # Before what silences.
            at = next((i for i, one in enumerate(actions) if one.title.startswith("Ignore ")), len(actions))
            actions[at:at] = found
        if session.client.takes_commands:
            return [_as_command(action) for action in actions] or None
        return actions or None

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def resolve(action: types.CodeAction) -> types.CodeAction:
        if action.data is None and (action.command is not None or action.edit is not None):
            # Neovim asks for the edit of one that is a command alone, too.
            return action
        try:
            action.edit = await _edit(session, _data(action.data))
        except CannotEditError as error:
            if not session.client.shows_errors:
                session.say(f"“{action.title}” is not made: {error}", types.MessageType.Warning)
            code = types.LSPErrorCodes.RequestFailed
            if isinstance(error, StaleError):
                code = types.LSPErrorCodes.ContentModified
            raise JsonRpcException(str(error), code.value) from error
        return action

    if not session.client.takes_commands:
        return

    @server.command(APPLY)
    async def apply(*arguments: Any) -> None:
        """Makes the edit of an action, for a client that knows commands alone."""
        data = _data(arguments[0] if len(arguments) == 1 else None)
        title = data.title or "Otpwise"
        try:
            edit = await _edit(session, data)
        except CannotEditError as error:
            session.say(f"“{title}” is not made: {error}", types.MessageType.Warning)
            return
        answer = await server.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(edit, title))
        if not answer.applied:
            why = answer.failure_reason or "the editor refused it"
            session.say(f"“{title}” is not made: {why}", types.MessageType.Warning)


def _data(value: Any) -> ActionData:
    try:
        return msgspec.convert(plain(value), ActionData)
    except msgspec.ValidationError as error:
        raise JsonRpcInvalidParams(f"not an action of Otpwise: {error}") from error


def _as_command(action: types.CodeAction) -> types.Command:
    return action.command or types.Command(action.title, APPLY, arguments=[action.data])


def _open(session: Session, uri: str) -> Text | None:
    document = session.documents.get(uri)
    return document.text if document is not None and is_served(document) else None


async def _edit(session: Session, data: ActionData) -> types.WorkspaceEdit:
    """The edit of an action, for the text that is there when it is answered.

    Raises StaleError, and CannotEditError for what the client cannot do.
    """

    def job(text: Text) -> tuple[types.WorkspaceEdit | None, Offer, list[str]]:
        project = session.projects.of(text.path)
        behind = session.catch_up(project)
        whole = data.what in ("rule", "file")
        checked = project.afresh(text) if whole else project.check(text, lambda: False)
        offer = Offer(checked, project, session.projects, session.client)
        return offer.edit(data), offer, behind

    for _ in range(_ATTEMPTS):
        text = _open(session, data.uri)
        if text is None:
            raise StaleError("the file is not open any more")
        edit, offer, behind = await session.thread.run(Urgency.REQUEST, partial(job, text))
        if offer.reading.is_current():
            if edit is not None:
                return edit
            if data.version == text.version and behind:
                raise StaleError(f"{_listed(behind)} changed on the disk: ask for the actions again")
            raise StaleError("the file has changed: ask for its actions again")
    raise StaleError("the files keep changing: ask for the actions again")


def _listed(paths: list[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def _say_what_is_left_out(session: Session, left_out: dict[str, str]) -> None:
    """Once for each reason: a menu that lacks something does not say why."""
    for title, why in left_out.items():
        session.say_once(why, f"“{title}” and its like are not offered: {why}")
