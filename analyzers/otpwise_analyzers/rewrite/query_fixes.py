"""The actions that write a call's SQL as an Ecto query. Imports no sqlglot before one of them is asked for."""

from __future__ import annotations

import re
from functools import partial

from otpwise_analyzers.findings import Applicability, Change, Fix
from otpwise_analyzers.project.sql_calls import SqlCall, sql_calls
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.syntax.file import ElixirFile

TITLE = "Write it as an Ecto query"
PIPED = f"{TITLE} (pipe form)"
_KEYWORDS = re.compile(rb"\bfrom(?:\(| )\w+ in ")
_STEP = re.compile(rb"\|> (?:where|join|select|order_by|group_by)\(\[")


def query_fixes(file: ElixirFile, sql_call: SqlCall) -> list[Fix]:
    """The query in keywords and in pipe form, first the form that the file writes its queries in."""
    fixes = [
        Fix(TITLE, Applicability.UNSAFE, partial(_build, sql_call, False)),
        Fix(PIPED, Applicability.UNSAFE, partial(_build, sql_call, True)),
    ]
    prefers_pipes = len(_STEP.findall(file.data)) > len(_KEYWORDS.findall(file.data))
    return fixes[::-1] if prefers_pipes else fixes


def _build(sql_call: SqlCall, piped: bool, context: FixContext) -> Change | None:
    # Reads SQL with sqlglot, which takes its time to load: only for whoever asks.
    from otpwise_analyzers.rewrite.raw_sql import as_query

    for fresh in sql_calls(context.file):
        if fresh.call.node.start_byte == sql_call.call.node.start_byte:
            return as_query(context.file, fresh, context, piped=piped)
    return None
