"""`USER`: who runs the release."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.instructions import Named

CONSTRUCT = Construct(
    name="USER",
    also=("nobody", "root"),
    summary="who runs the application; root unless it says so",
    does="""\
        `USER nobody` in the last stage, after the files are there and belong to it. Root in a container is root on a
        mounted volume too, and one fault away from the host. Phoenix listens on 4000, which needs no rights. The guide's
        own image has no `USER`; ours has.""",
    costs="What the application writes (uploads, `tmp`) has to belong to that user, volumes included.",
    instead="An entrypoint that begins as root and drops it (`su-exec`, `setpriv`) where a volume must be chowned.",
    instructions=(Named("USER"),),
    rules=("deploy/docker-root",),
    references=(Reference("USER", "https://docs.docker.com/reference/dockerfile/#user"),),
    samples=(Sample("FROM elixir:1.17\n«USER» nobody\n", path="Dockerfile"),),
)
