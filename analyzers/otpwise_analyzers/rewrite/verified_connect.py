"""A socket that lets in whoever brings a token of ours."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.layout import WIDTH, change_of, indent_of, reindent
from otpwise_analyzers.rewrite.spacing import apart
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.modules import Definition
from otpwise_analyzers.syntax.results import is_tagged

_VERIFIED = """\
# TODO: sign the token where the page is rendered:
# Phoenix.Token.sign(conn, "user socket", user.id)
case Phoenix.Token.verify({socket}, "user socket", token, max_age: 86_400) do
  {{:ok, user_id}} -> {{:ok, {accepted}}}
  {{:error, _reason}} -> :error
end"""


def verified_connect(ctx: FixContext, clause: Definition) -> Change | None:
    """Lets the only clause of `connect` verify a token, and adds one that refuses everybody else.

    None when the body's answer is more than `{:ok, socket}`, perhaps with assigns put in there.
    """
    file = ctx.file
    if len(clause.params) not in (2, 3) or not clause.statements or clause.clause_blocks:
        return None
    answer = clause.statements[-1]
    socket = nodes.identifier(clause.params[1], file.data)
    if not is_tagged(answer, "ok", file.data) or socket is None or socket.startswith("_"):
        return None
    items = nodes.named(answer)
    params = _params(clause)
    accepted = _accepted(clause, items[1], socket) if len(items) == 2 else None
    if params is None or accepted is None:
        return None
    indent = indent_of(file, clause.node)
    verified = reindent(_VERIFIED.format(socket=socket, accepted=accepted), indent + "  ")
    if any(len(line) > WIDTH for line in verified.split("\n")):
        return None
    edits = [Edit(clause.params[0].start_byte, clause.params[0].end_byte, params)]
    if clause.do_block is not None:
        edits.extend(apart(file, answer))
        edits.append(Edit(answer.start_byte, answer.end_byte, verified.lstrip()))
        closing = ""
    else:
        head = clause.head
        if head is None or b"#" in file.data[head.end_byte : answer.start_byte]:
            return None
        edits.append(Edit(head.end_byte, answer.end_byte, f" do\n{verified}"))
        closing = f"\n{indent}end"
    ignored = ", _connect_info" if len(clause.params) == 3 else ""
    end = clause.node.end_byte
    edits.append(Edit(end, end, f"{closing}\n\n{indent}def connect(_params, _socket{ignored}), do: :error"))
    return (change_of(file, edits),)


def _params(clause: Definition) -> str | None:
    """The pattern of the parameters: the token, and their name where the body reads them."""
    file = clause.file
    name = nodes.identifier(clause.params[0], file.data)
    if name is None:
        return '%{"token" => token}' if file.text(clause.params[0]) == "%{}" else None
    read = any(
        file.text(node) == name
        for statement in clause.statements
        for node in (statement, *nodes.descendants(statement, "identifier"))
    )
    return f'%{{"token" => token}} = {name}' if read else '%{"token" => token}'


def _accepted(clause: Definition, kept: Node, socket: str) -> str | None:
    """The socket with `user_id` in it, besides what was assigned before."""
    file = clause.file
    if file.text(kept) == socket:
        return f"assign({socket}, :user_id, user_id)"
    assigned = [call for call in clause.calls("assign") if call.node == kept and call.is_local]
    if not assigned or not assigned[0].args or file.text(assigned[0].args[0]) != socket:
        return None
    args = assigned[0].args[1:]
    if "\n" in file.text(kept):
        return None
    if len(args) == 2 and args[0].type == "atom" and file.text(args[0]) != ":user_id":
        return f"assign({socket}, {file.text(args[0])[1:]}: {file.text(args[1])}, user_id: user_id)"
    if len(args) == 1 and args[0].type == "keywords" and "user_id" not in assigned[0].keywords:
        return f"assign({socket}, {file.text(args[0])}, user_id: user_id)"
    return None
