"""`code_change/3`: a hot upgrade."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Callback
from otpwise_analyzers.guide.servers import SERVERS

CONSTRUCT = Construct(
    name="code_change/3",
    also=("code_change", "appup", "hot code upgrade", "hot code reload"),
    summary="turns the old state into the new one in a hot code upgrade",
    does="""\
        Runs only in an upgrade of a running node that an `.appup` file describes, application by application. Releases
        made by `mix release` do not come with this, and their documentation says why: every process has to be written
        for it. The guide's “zero-downtime deploys natively” holds for the machine, not for a release.""",
    costs="A recipe for each version, and tests of the change from each to the next.",
    instead="""\
        A rolling deploy: start new nodes, let load balancer and clients move over, stop the old ones. Sockets reconnect
        by themselves.""",
    places=(Callback("code_change", 3, uses=SERVERS),),
    references=(
        Reference(
            "Hot code upgrades", "https://hexdocs.pm/mix/Mix.Tasks.Release.html#module-hot-code-upgrades"
        ),
        Reference("Appup cookbook", "https://www.erlang.org/doc/system/appup_cookbook.html"),
    ),
    samples=(
        Sample("defmodule A do\n  use GenServer\n  def «code_change»(_old, s, _extra), do: {:ok, s}\nend\n"),
    ),
)
