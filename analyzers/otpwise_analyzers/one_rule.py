"""One rule over many files: what a whole check finds of it, without asking the others."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from otpwise_analyzers import engine, suppressions
from otpwise_analyzers.findings import Finding
from otpwise_analyzers.project.config import Settings
from otpwise_analyzers.project.loading import Sources, UnreadableError
from otpwise_analyzers.rules.catalogue import RULES
from otpwise_analyzers.source.document import Document
from otpwise_analyzers.syntax.source_file import SourceFile


@dataclass(frozen=True, slots=True)
class Seen:
    """One file, with what the rule finds in it. `path` is relative to the root."""

    path: str
    document: Document
    file: SourceFile
    findings: Collection[Finding]


class OneRule:
    """The check for one rule. The rules that hide what it finds are asked too."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self._settings = settings
        self._subscription = RULES.subscriptions[name]
        # What a comment silences in vain only all rules together know.
        self._is_about_comments = name in (suppressions.UNKNOWN, suppressions.UNUSED)
        if self._is_about_comments:
            self._dispatch = engine.dispatch_for(settings)
        else:
            subscriptions = {
                other: one for other, one in RULES.subscriptions.items() if other == name or name in one.hides
            }
            self._dispatch = engine.Dispatch(subscriptions, RULES.__getitem__, settings)

    def may_find(self, data: bytes) -> bool:
        """Whether a file with this text is worth a parse."""
        if self._is_about_comments:
            return suppressions.MARK in data
        wanted = self._subscription
        if any(needle in data for needle in wanted.template_needles):
            return True
        if not wanted.always and not any(name.encode() in data for name in wanted.names):
            return False
        return not wanted.needles or any(needle in data for needle in wanted.needles)

    def check(self, sources: Sources, path: str) -> Seen | None:
        """What is found in a file; None when it cannot be read."""
        try:
            file, document = sources.file(path), sources.document(path)
        except UnreadableError:
            return None
        found = engine.check(file, self._settings, dispatch=self._dispatch).findings
        return Seen(path, document, file, [finding for finding in found if finding.rule == self.name])
