"""`CMD`: what runs, and who gets the signals."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.instructions import Named, Pointed


def _here(pointed: Pointed) -> str:
    if pointed.instruction.is_exec_form:
        return ""
    return (
        "Here: written without a list, so a shell stands between Docker and the release and gets the signals."
    )


CONSTRUCT = Construct(
    name="CMD",
    also=("ENTRYPOINT", "bin/my_app start"),
    summary='what the container runs: `["bin/my_app", "start"]`',
    does="""\
        As a list, so that the release itself is process 1 and hears Docker's SIGTERM: it then stops the children from last
        to first, and lets requests end. Docker kills after 10 s (`docker stop -t`). `start` stays in the foreground;
        `daemon` would end the container at once.""",
    costs="Processes that ports leave behind are reaped by nobody: `docker run --init`, or tini as the entrypoint.",
    instead="`bin/server` of `mix phx.gen.release`, which sets `PHX_SERVER=true` first. Migrations: a job before the deploy.",
    instructions=(Named("CMD"), Named("ENTRYPOINT")),
    here_in_image=_here,
    rules=("deploy/docker-mix-in-production", "deploy/docker-missing-server-flag"),
    references=(
        Reference("mix release", "https://hexdocs.pm/mix/Mix.Tasks.Release.html#module-running-the-release"),
    ),
    samples=(
        Sample('FROM elixir:1.17\n«CMD» ["bin/my_app", "start"]\n', path="Dockerfile"),
        Sample(
            "FROM elixir:1.17\n«CMD» bin/my_app start\n", path="Dockerfile", says="a shell stands between"
        ),
    ),
    silent=(Sample("FROM elixir:1.17\nHEALTHCHECK «CMD wget localhost»\n", path="Dockerfile"),),
)
