"""`Repo.transaction` and `Repo.transact`."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import RepoCall

CONSTRUCT = Construct(
    name="Repo.transact",
    also=("Repo.transaction", "transaction", "transact"),
    summary="all or nothing, on one connection",
    does="""\
        `transact/2` (Ecto 3.13) commits on `{:ok, _}` and rolls back on `{:error, _}`. `transaction/2` with a function
        commits whatever it returns, an `{:error, _}` too, unless it raises or calls `Repo.rollback/1`; it is
        deprecated since.""",
    costs="""\
        One of the pool's connections (10 unless set) and every lock that was taken, until the end. A second of HTTP
        inside is a second in which nine others share the database.""",
    instead="A single `Repo.insert/1` with its associations and hooks is a transaction of its own already.",
    places=(RepoCall("transaction", "transact"),),
    rules=("phoenix/writes-without-transaction",),
    references=(Reference("Repo.transact/2", "https://hexdocs.pm/ecto/Ecto.Repo.html#c:transact/2"),),
    samples=(
        Sample("defmodule A do\n  alias A.Repo\n  def a(multi), do: multi |> «Repo.transaction»()\nend\n"),
        Sample("defmodule A do\n  def a(f), do: «A.Repo.transact»(f)\nend\n"),
    ),
    silent=(Sample("defmodule A do\n  def a(f), do: «A.Bank.transaction»(f)\nend\n"),),
)
