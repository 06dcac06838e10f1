"""`HEALTHCHECK`: whether a container that runs also answers."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.instructions import Named

CONSTRUCT = Construct(
    name="HEALTHCHECK",
    also=("health check", "/health"),
    summary="Docker asks now and then whether the application answers",
    does="""\
        Every 30 s unless `--interval` says so; three failures in a row make the container unhealthy. The answer should
        cost no query: a plug before the router that says 200. In an Alpine image `wget` is busybox's (it has `-q`, `-O`
        and `--spider`); Debian's slim images have neither it nor curl. `--start-period` spares the boot.""",
    costs="A process in the container for each check.",
    instead="Kubernetes, Fly and ECS ignore it or have their own probes: declare them there.",
    instructions=(Named("HEALTHCHECK"),),
    rules=("deploy/docker-missing-healthcheck",),
    references=(Reference("HEALTHCHECK", "https://docs.docker.com/reference/dockerfile/#healthcheck"),),
    samples=(
        Sample(
            "FROM elixir:1.17\n«HEALTHCHECK» --interval=30s CMD wget -q -O /dev/null http://localhost:4000/health\n",
            path="Dockerfile",
        ),
    ),
)
