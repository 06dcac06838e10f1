"""`Ecto.Multi`: a transaction as data."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Remote

CONSTRUCT = Construct(
    name="Ecto.Multi",
    also=("Multi", "Multi.new", "Multi.run"),
    summary="named steps that happen all or not at all",
    does="""\
        Nothing runs until `Repo.transact/1` (before Ecto 3.13 `Repo.transaction/1`). A step that fails rolls back those
        before it and answers `{:error, step, value, changes_so_far}`: match the steps that a caller can do something
        about, and a last clause for the others. The guide's own sample has none, so a failed audit row raises.""",
    costs="A connection for as long as it runs, and its locks: no HTTP and no mail inside of it.",
    instead="""\
        `Repo.transact(fn -> with {:ok, user} <- ..., do: {:ok, user} end)` reads better for a few plain steps. A Multi is
        for steps that are put together elsewhere. Mail and jobs: a job inserted as a step (`Oban.insert/3`).""",
    places=(Remote("Ecto.Multi", "new", "run"),),
    rules=("phoenix/writes-without-transaction", "phoenix/ecto-in-web"),
    references=(Reference("Ecto.Multi", "https://hexdocs.pm/ecto/Ecto.Multi.html"),),
    samples=(
        Sample("defmodule A do\n  alias Ecto.Multi\n  def a, do: «Multi.new»()\nend\n"),
        Sample("defmodule A do\n  def a(m, f), do: m |> «Ecto.Multi.run»(:step, f)\nend\n"),
    ),
    silent=(Sample("defmodule A do\n  alias A.Multi\n  def a, do: «Multi.new»()\nend\n"),),
)
