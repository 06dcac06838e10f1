"""Requests of Otpwise's own, for an editor that shows more than the protocol has words for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pygls.exceptions import JsonRpcInvalidParams

from otpwise_server.analysis import page_of, page_text, summaries

if TYPE_CHECKING:
    from otpwise_server.server import OtpwiseServer

RULES = "otpwise/rules"
EXPLANATION = "otpwise/explanation"


def register(server: OtpwiseServer) -> None:
    """Adds the requests. Their answers are plain JSON; what they hold is said in docs/editors.md."""

    @server.feature(RULES)
    def rules(params: Any) -> list[dict[str, str]]:
        """Every rule's name and its one-line summary, by name."""
        return [{"name": name, "summary": summary} for name, summary in summaries().items()]

    @server.feature(EXPLANATION)
    def explanation(params: Any) -> dict[str, str] | None:
        """A rule's page; null for a rule that there is not."""
        rule = getattr(params, "rule", None)
        if not isinstance(rule, str):
            raise JsonRpcInvalidParams(f"{EXPLANATION} takes the name of a rule: {{rule: string}}")
        text = page_text(rule)
        return {"title": rule, "markdown": text, "url": page_of(rule)} if text is not None else None
