"""A socket that lets in whoever brings a token of ours."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.layout import change_of, indent_of, reindent
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.modules import Definition
from otpwise_analyzers.syntax.results import is_tagged

_CONNECT = """\
def connect({params}, {socket}{info}) do
  # TODO: sign the token where the page is rendered:
  # Phoenix.Token.sign(conn, "{salt}", user.id)
  case Phoenix.Token.verify({socket}, "{salt}", token, max_age: 86_400) do
    {{:ok, user_id}} -> {{:ok, {accepted}}}
    {{:error, _reason}} -> :error
  end
end

def connect(_params, _socket{ignored}), do: :error"""


def verified_connect(ctx: FixContext, clause: Definition) -> Change | None:
    """Replaces the only clause of `connect` by one that verifies a token and one that refuses.

    None when the body does more than to answer `{:ok, socket}` with assigns in it.
    """
    file = ctx.file
    if len(clause.params) not in (2, 3) or len(clause.statements) != 1 or clause.clause_blocks:
        return None
    answer = clause.statements[0]
    if not is_tagged(answer, "ok", file.data) or answer.start_point.row != answer.end_point.row:
        return None
    items = nodes.named(answer)
    socket = nodes.identifier(clause.params[1], file.data)
    if len(items) != 2 or socket is None or socket.startswith("_"):
        return None
    params = _params(clause, file.text(items[1]))
    accepted = _accepted(clause, items[1], socket)
    if params is None or accepted is None:
        return None
    three = len(clause.params) == 3
    given = file.text(clause.params[2]) if three else ""
    code = _CONNECT.format(
        params=params,
        socket=socket,
        info=f", {given}" if three else "",
        salt="user socket",
        accepted=accepted,
        ignored=", _connect_info" if three else "",
    )
    indent = indent_of(file, clause.node)
    comments = [file.text(comment) for comment in file.comments if nodes.encloses(clause.node, comment)]
    if comments:
        first, _, rest = code.partition("\n")
        code = "\n".join([first, *(f"  {comment}" for comment in comments), rest])
    text = reindent(code, indent).removeprefix(indent)
    if any(len(line) > 98 for line in text.split("\n")):
        return None
    return (change_of(file, [Edit(clause.node.start_byte, clause.node.end_byte, text)]),)


def _params(clause: Definition, kept: str) -> str | None:
    """The pattern of the parameters: the token, and their name where the answer still reads them."""
    name = nodes.identifier(clause.params[0], clause.file.data)
    if name is not None:
        return (
            f'%{{"token" => token}} = {name}'
            if name in kept and not name.startswith("_")
            else '%{"token" => token}'
        )
    return '%{"token" => token}' if clause.file.text(clause.params[0]) == "%{}" else None


def _accepted(clause: Definition, kept: Node, socket: str) -> str | None:
    """The socket with `user_id` in it, besides what was assigned before."""
    file = clause.file
    if file.text(kept) == socket:
        return f"assign({socket}, :user_id, user_id)"
    assigned = [call for call in clause.calls("assign") if call.node == kept and call.is_local]
    if not assigned or not assigned[0].args or file.text(assigned[0].args[0]) != socket:
        return None
    args = assigned[0].args[1:]
    if len(args) == 2 and args[0].type == "atom":
        return f"assign({socket}, {file.text(args[0])[1:]}: {file.text(args[1])}, user_id: user_id)"
    if len(args) == 1 and args[0].type == "keywords" and "user_id" not in assigned[0].keywords:
        return f"assign({socket}, {file.text(args[0])}, user_id: user_id)"
    return None
