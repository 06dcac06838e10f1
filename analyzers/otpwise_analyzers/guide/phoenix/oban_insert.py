"""`Oban.insert`: work for later, kept in the database."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Remote

CONSTRUCT = Construct(
    name="Oban.insert",
    also=("oban", "Oban.insert!", "Oban.insert_all", "background job"),
    summary="a job is a row: it survives crashes, deploys and the node",
    does="""\
        Inserted with the data that it is about (in the same transaction, or a step of a Multi), it exists exactly when
        the data does. It runs at least once: again after a crash in the middle, so what it does must bear repeating.""",
    costs="""\
        A write for each job and the polling of the table; a job starts a moment later, not at once. 20 attempts with a
        growing pause unless `max_attempts` says so.""",
    instead="""\
        `Task.Supervisor.start_child/2` for what may be lost (a warm cache, a statistic); args are JSON, so ids and no
        structs.""",
    places=(Remote("Oban", "insert", "insert!", "insert_all"),),
    rules=("phoenix/mail-in-request",),
    references=(Reference("Oban.insert/3", "https://hexdocs.pm/oban/Oban.html#insert/3"),),
    samples=(
        Sample("defmodule A do\n  def later(id), do: %{id: id} |> A.Mail.new() |> «Oban.insert»()\nend\n"),
    ),
    silent=(Sample("defmodule A do\n  def later(c), do: «A.Repo.insert_all»(c, [])\nend\n"),),
)
