"""`DynamicSupervisor`: children that are started on demand."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Child, Remote, Used

CONSTRUCT = Construct(
    name="DynamicSupervisor",
    also=("use DynamicSupervisor", "DynamicSupervisor.start_child"),
    summary="supervises children that are started while the system runs",
    does="""\
        It knows only `strategy: :one_for_one`, and starts one child at a time: `start_child` waits for the child's
        `init/1`, and everybody else's `start_child` waits with it. There is no limit to the children unless you set
        `max_children` (then `{:error, :max_children}`).""",
    costs="""\
        About 2.6 kB for each child and the child's state. After a crash of the supervisor itself its children are
        gone: nothing knows which there were.""",
    instead="""\
        `PartitionSupervisor` with a DynamicSupervisor for each core when the starts are the bottleneck;
        `Task.Supervisor` for work that ends by itself.""",
    places=(
        Used("DynamicSupervisor"),
        Child("DynamicSupervisor"),
        Remote("DynamicSupervisor", "start_child", "init", "start_link"),
    ),
    rules=("otp/unsupervised-process",),
    references=(Reference("DynamicSupervisor", "https://hexdocs.pm/elixir/DynamicSupervisor.html"),),
    samples=(
        Sample("defmodule MyApp.Rooms do\n  «use DynamicSupervisor»\nend\n"),
        Sample(
            """\
            defmodule MyApp.Application do
              use Application

              def start(_type, _args) do
                children = [{«DynamicSupervisor», name: MyApp.Rooms}]
                Supervisor.start_link(children, [])
              end
            end
            """
        ),
        Sample("defmodule A do\n  def a(s), do: «DynamicSupervisor.start_child»(MyApp.Rooms, s)\nend\n"),
    ),
    silent=(Sample("defmodule A do\n  def a, do: {«DynamicSupervisor», 1}\nend\n"),),
)
