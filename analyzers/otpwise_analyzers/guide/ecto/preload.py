"""`preload:` in a query."""

from tree_sitter import Node

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Imported, Key, Remote
from otpwise_analyzers.guide.token import Token
from otpwise_analyzers.syntax import nodes


def _fits(token: Token) -> bool:
    call = next((node for node in nodes.ancestors(token.node) if node.type == "call"), None)
    target = call.child_by_field_name("target") if call is not None else None
    return target is not None and token.file.text(target) in ("from", "Ecto.Query.from", "Query.from")


def _here(token: Token) -> str:
    """Whether what is preloaded is a binding of a join, or an association to be queried."""
    value: Node | None = token.value
    if value is None and token.call is not None and token.call.args:
        value = token.call.args[-1]
    if value is None:
        return ""
    pairs = nodes.keyword_pairs(value, token.file.data)
    joined = [name for name, inner in pairs.items() if inner.type == "identifier"]
    if joined:
        return f"Here: `{joined[0]}` comes from the join's own rows, in the one query."
    if value.type == "atom" or (value.type == "list" and not pairs):
        count = len(nodes.named(value)) if value.type == "list" else 1
        return f"Here: {'one query' if count == 1 else f'{count} queries'} more after this one."
    return ""


CONSTRUCT = Construct(
    name="preload",
    also=("preload:", "Ecto.Query.preload", "N+1"),
    summary="what belongs to the rows is loaded with them",
    does="""\
        `preload: [:posts]` makes one more query for each association, never one for each row. With a join,
        `preload: [posts: p]` takes them from the rows of the one query: the parent's columns are then repeated for each
        child.""",
    costs="""\
        Two queries are a second round trip; the join is a wider result: 100 users with 50 posts each are 5,000 rows. Two
        joined lists multiply each other.""",
    instead="""\
        Ecto's own advice: take the join for the preload where the query joins anyway, else the separate query. For the
        newest few of each parent, a lateral join or a window function.""",
    places=(
        Key("preload", _fits),
        Imported("Ecto.Query", "preload"),
        Remote("Ecto.Query", "preload"),
    ),
    here=_here,
    rules=("ecto/n-plus-one",),
    references=(Reference("preload/3", "https://hexdocs.pm/ecto/Ecto.Query.html#preload/3"),),
    samples=(
        Sample(
            "defmodule A do\n  import Ecto.Query\n  def a, do: from(u in User, «preload:» [:posts, :team])\nend\n",
            says="2 queries more",
        ),
        Sample(
            "defmodule A do\n  import Ecto.Query\n"
            "  def a, do: from(u in User, join: p in assoc(u, :posts), «preload:» [posts: p])\nend\n",
            says="`posts` comes from the join's own rows",
        ),
        Sample(
            "defmodule A do\n  import Ecto.Query\n  def a(q), do: q |> where(active: true) |> «preload»(:posts)\nend\n",
            says="one query more",
        ),
    ),
    silent=(
        Sample("defmodule A do\n  def a(o), do: Loader.run(o, «preload:» [:posts])\nend\n"),
        Sample("defmodule A do\n  import Ecto.Query\n  def a(q), do: preload(q, [«u»], [:«posts»])\nend\n"),
    ),
)
