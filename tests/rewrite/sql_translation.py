"""A statement of the samples, translated without the rules that find one."""

from __future__ import annotations

from otpwise_analyzers.project.sql_calls import sql_calls
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.raw_sql import as_query
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.languages import open_file
from tests.proof import Files, applied, project_of
from tests.rewrite.sql_samples import PATH, files_of


def select_body(sql: str, parameters: str = "") -> str:
    given = f", [{parameters}]" if parameters else ""
    return f'%{{rows: rows}} =\n  Repo.query!("""\n  {sql}\n  """{given})\n\n{{:done, rows}}'


def write_body(sql: str, parameters: str = "") -> str:
    given = f", [{parameters}]" if parameters else ""
    return f'Repo.query!("{sql}"{given})\n\n{{:done, a}}'


def opened(files: Files) -> ElixirFile:
    file = open_file(PATH, files[PATH], project=project_of(files).view(PATH))
    assert isinstance(file, ElixirFile)
    return file


def translated(
    body: str, adapter: str = "pg", *, piped: bool = False, files: Files | None = None
) -> str | None:
    """The module with the query; None when none is written."""
    files = files if files is not None else files_of(body, adapter)
    file = opened(files)
    (call,) = sql_calls(file)
    change = as_query(file, call, FixContext(file, file.project, files.get), piped=piped)
    if change is None:
        return None
    after = applied(files, change)
    assert not opened(after).error_spans
    return after[PATH].decode()


def clauses(module: str | None) -> str | None:
    """The query in keywords on one line, without what is around it."""
    if module is None:
        return None
    start = module.index("from(") if "from(" in module else module.index("Repo.", module.index("def run"))
    text = " ".join(module[start : module.index("    {:done")].split())
    if text.startswith("from("):
        depth = 0
        for at, sign in enumerate(text):
            depth += {"(": 1, ")": -1}.get(sign, 0)
            if sign == ")" and not depth:
                return text[5:at].strip()
    return text


def steps(module: str | None) -> str | None:
    """The query in pipe form on one line, without what is around it."""
    if module is None:
        return None
    body = module[module.index("do\n", module.index("def run")) + 3 : module.index("    {:done")]
    return " ".join(body.split()).removeprefix("rows = ")
