"""Module attributes that a fix adds."""

from __future__ import annotations

from otpwise_analyzers.rewrite.layout import indent_of, line_end, reindent
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax.modules import Module

_OPENING = ("use ", "import ", "alias ", "require ", "@moduledoc", "@behaviour")


def attributes_on_top(module: Module, text: str) -> Edit | None:
    """Puts the attributes behind the `use`s and aliases of a module, or first in it."""
    file, block = module.file, module.do_block
    if block is None:
        return None
    last = None
    for statement in module.statements:
        if not file.text(statement).startswith(_OPENING):
            break
        last = statement
    inner = indent_of(file, module.node) + "  "
    code = reindent(text, inner).rstrip(" ")
    if last is not None:
        end = line_end(file, last.end_byte)
        return Edit(end, end, "\n\n" + code.rstrip("\n"))
    end = line_end(file, block.start_byte)
    if file.data[block.start_byte + 2 : end].strip():
        return None
    return Edit(end, end, "\n" + code)
