"""`strategy:` of a supervisor: who is restarted when one crashes."""

from otpwise_analyzers.guide import supervisors
from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Key
from otpwise_analyzers.guide.token import Token
from otpwise_analyzers.guide.words import joined

_STRATEGIES = (":one_for_one", ":one_for_all", ":rest_for_one")


def _fits(token: Token) -> bool:
    value = token.value
    if value is None:
        return False
    return token.file.text(value) in _STRATEGIES or (value.type != "alias" and supervisors.is_option(token))


def _here(token: Token) -> str:
    written = token.file.text(token.value) if token.value is not None else ""
    children = supervisors.children(token) or []
    if len(children) < 2 or written not in _STRATEGIES:
        return _ALONE.get(written, "")
    if written == ":one_for_one":
        example = _ours(children)
        return f"Here: if `{example}` crashes, it alone is restarted; {joined(_without(children, example))} run on."
    if written == ":one_for_all":
        return f"Here: if one of {joined(children)} crashes, all {len(children)} stop and start again, in this order."
    # The second, where there is one before it and one after it.
    index = 1 if len(children) > 2 else 0
    before, after = children[:index], children[index + 1 :]
    plural = "are" if len(after) > 1 else "is"
    rest = f"; {joined(before)} runs on" if before else ""
    return f"Here: if `{children[index]}` crashes, {joined(after)} {plural} restarted too{rest}."


def _ours(children: list[str]) -> str:
    """The child to speak of: no endpoint and no repo, where there is another."""
    plain = [name for name in children if not name.endswith((".Endpoint", ".Repo", ".PubSub", "Telemetry"))]
    return (plain or children)[0]


def _without(children: list[str], one: str) -> list[str]:
    return [name for name in children if name != one]


_ALONE = {
    ":one_for_one": "Here: the child that crashes is restarted, and no other.",
    ":one_for_all": "Here: when one child crashes, all are stopped and started again.",
    ":rest_for_one": "Here: the child that crashes is restarted, and all that were started after it.",
}
_APPLICATION = """\
    defmodule MyApp.Application do
      use Application

      def start(_type, _args) do
        children = [
          MyApp.Repo,
          {MyApp.Cache, ttl: 300_000},
          {Phoenix.PubSub, name: MyApp.PubSub},
          MyAppWeb.Endpoint
        ]

        Supervisor.start_link(children, «strategy: STRATEGY»)
      end
    end
    """

CONSTRUCT = Construct(
    name="strategy",
    also=("strategy:", "one_for_one", "one_for_all", "rest_for_one"),
    summary="which children are restarted when one crashes",
    does="""\
        `:one_for_one` restarts the one that crashed. `:rest_for_one` restarts it and those started after it, for
        children that hold on to one before them (a pid, a table). `:one_for_all` restarts all, for children that
        make no sense without each other.""",
    costs="""\
        Every restart counts for `max_restarts` once, however many children it takes along; their states are lost
        with them, and what a request waits for from one of them fails.""",
    instead="""\
        Two groups with different needs are two supervisors: `:one_for_one` above, `:rest_for_one` around the group
        that depends on its first member.""",
    places=(Key("strategy", _fits),),
    here=_here,
    references=(Reference("Strategies", "https://hexdocs.pm/elixir/Supervisor.html#module-strategies"),),
    samples=(
        Sample(
            _APPLICATION.replace("STRATEGY", ":one_for_one"),
            says="if `MyApp.Cache` crashes, it alone is restarted; `MyApp.Repo`, `MyApp.PubSub` and "
            "`MyAppWeb.Endpoint` run on",
        ),
        Sample(
            _APPLICATION.replace("STRATEGY", ":rest_for_one"),
            says="if `MyApp.Cache` crashes, `MyApp.PubSub` and `MyAppWeb.Endpoint` are restarted too; "
            "`MyApp.Repo` runs on",
        ),
        Sample(
            _APPLICATION.replace("STRATEGY", ":one_for_all"),
            says="all 4 stop and start again",
        ),
        Sample(
            """\
            defmodule MyApp.Application do
              use Application

              def start(_type, _args) do
                children = [MyAppWeb.Telemetry, MyApp.Repo, %{id: 1, start: {MyApp.Clock, :start_link, []}}]
                opts = [«strategy: :one_for_one», name: MyApp.Supervisor]
                Supervisor.start_link(children, opts)
              end
            end
            """,
            says="`MyApp.Clock` crashes",
        ),
        Sample(
            "defmodule A do\n  def init(_) do\n    Supervisor.init(children(), «strategy: :rest_for_one»)\n  end\nend\n",
            says="all that were started after it",
        ),
        Sample("defmodule A do\n  def init(s), do: DynamicSupervisor.init(«strategy:» s)\nend\n"),
    ),
    silent=(
        Sample("defmodule A do\n  def a, do: Pricing.quote(1, «strategy: :cheapest»)\nend\n"),
        Sample(
            "defmodule A do\n  def a(strategy), do: Supervisor.start_link([], strategy: «strategy»)\nend\n"
        ),
    ),
)
