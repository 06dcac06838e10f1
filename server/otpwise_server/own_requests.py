"""Requests of Otpwise's own, for an editor that shows more than the protocol has words for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from otpwise_server import uris
from otpwise_server.analysis import ProjectAnalysis, page_of, page_text, summaries
from otpwise_server.worker import Urgency

if TYPE_CHECKING:
    from otpwise_server.server import OtpwiseServer
    from otpwise_server.session import Session

RULES = "otpwise/rules"
EXPLANATION = "otpwise/explanation"
TREE = "otpwise/tree"


def register(server: OtpwiseServer) -> None:
    """Adds the requests. Their answers are plain JSON; what they hold is said in editors/README.md."""

    @server.feature(RULES)
    async def rules(params: Any) -> list[dict[str, str]]:
        """Every rule's name and its one-line summary, by name."""
        # Imports every rule: not where the next keystroke is read.
        found = await server.session.thread.run(Urgency.REQUEST, summaries)
        return [{"name": name, "summary": summary} for name, summary in found.items()]

    @server.feature(EXPLANATION)
    async def explanation(params: Any) -> dict[str, str] | None:
        """A rule's page; null for a rule that there is not."""
        rule = getattr(params, "rule", None)
        if not isinstance(rule, str):
            raise JsonRpcInvalidParams(f"{EXPLANATION} takes the name of a rule: {{rule: string}}")
        text = await server.session.thread.run(Urgency.REQUEST, lambda: page_text(rule))
        return {"title": rule, "markdown": text, "url": page_of(rule)} if text is not None else None

    @server.feature(TREE)
    async def tree(params: Any) -> dict[str, Any] | None:
        """The supervision trees of the project of `uri`, or of the first workspace folder; null outside of
        any, and until the project was read."""
        session, uri = server.session, getattr(params, "uri", None)
        project = session.project_of(uri if isinstance(uri, str) else None)
        return await session.thread.run(Urgency.REQUEST, lambda: _picture(session, project))


def _picture(session: Session, project: ProjectAnalysis) -> dict[str, Any] | None:
    drawn = project.supervision()
    if drawn is None or project.root is None:
        return None
    html, styles, found = drawn
    texts = {path: session.projects.text_at(project, path) for path, _ in found}
    places = []
    for path, span in found:
        text = texts[path]
        start = text.range(span, session.client.encoding).start if text is not None else types.Position(0, 0)
        uri = text.uri if text is not None else uris.from_path(project.root / path)
        places.append({"uri": uri, "line": start.line, "character": start.character})
    title = f"Supervision of {project.root.name}"
    return {"title": title, "html": html, "styles": styles, "places": places}
