"""`Repo.preload`: associations afterwards."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import RepoCall

CONSTRUCT = Construct(
    name="Repo.preload",
    also=("preload after",),
    summary="loads associations of structs that are there already",
    does="""\
        One query for each association, whatever the number of structs: called once with a list it ends N+1, called in a
        loop it is N+1. Associations that are loaded are left alone (`force: true` loads again). Several are loaded in
        parallel, outside of a transaction.""",
    costs="A round trip for each association, 1 ms and less beside the database; all rows come into memory.",
    instead="""\
        `preload:` in the query when it is clear beforehand; a join with `preload: [posts: p]` when the query joins them
        anyway, for a filter or an order. A query as value limits what comes: `comments: from(c in Comment, limit: 5)`
        limits all together, not those of each.""",
    places=(RepoCall("preload"),),
    rules=("ecto/n-plus-one",),
    references=(Reference("Repo.preload/3", "https://hexdocs.pm/ecto/Ecto.Repo.html#c:preload/3"),),
    samples=(
        Sample("defmodule A do\n  alias A.Repo\n  def a(users), do: users |> «Repo.preload»(:posts)\nend\n"),
        Sample(
            "defmodule A do\n  def a(users), do: «A.Store.preload»(users, :posts)\nend\n",
            others={
                "lib/a/store.ex": "defmodule A.Store do\n  use Ecto.Repo, otp_app: :a, adapter: Ecto.Adapters.Postgres\nend\n"
            },
        ),
    ),
    silent=(
        Sample("defmodule A do\n  def a(users), do: «A.GithubRepo.preload»(users, :posts)\nend\n"),
        Sample(
            "defmodule A do\n  def a(users), do: «A.Repo.preload»(users, :posts)\nend\n",
            others={"lib/a/repo.ex": "defmodule A.Repo do\n  def preload(users, _), do: users\nend\n"},
        ),
    ),
)
