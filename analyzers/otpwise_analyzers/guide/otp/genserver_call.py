"""`GenServer.call`: asking a process and waiting."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Remote
from otpwise_analyzers.guide.token import Token


def _here(token: Token) -> str:
    call = token.call
    if call is None or call.arity != 3 or call.capture_arity is not None:
        return ""
    timeout = call.file.text(call.all_args[2])
    if timeout == ":infinity":
        return (
            "Here: it waits for ever. A server that hangs takes all its callers with it, one after the other."
        )
    number = timeout.replace("_", "")
    return f"Here: the caller exits after {int(number):,} ms without an answer." if number.isdecimal() else ""


CONSTRUCT = Construct(
    name="GenServer.call",
    also=("call", "timeout", ":gen_server.call"),
    summary="asks a process and waits, 5 s unless told otherwise",
    does="""\
        The caller waits for all that stands before it in the mailbox and for the answer. That is back-pressure: it
        cannot ask faster than the server answers. After the timeout the caller exits, but the server still does the
        work. A call to oneself never returns.""",
    costs="""\
        Two messages and two copies of the data: 2 to 3 µs when the server is idle (measured on OTP 25); when it is
        not, the length of its mailbox times the time for each answer.""",
    instead="""\
        To read what others may see: `:ets.lookup/2` in the caller, less than 0.5 µs and without a queue. Where no
        answer is needed and the caller may run ahead: `GenServer.cast/2`.""",
    places=(Remote("GenServer", "call"), Remote(":gen_server", "call")),
    here=_here,
    rules=("otp/genserver-bottleneck", "otp/blocking-callback"),
    references=(Reference("GenServer.call/3", "https://hexdocs.pm/elixir/GenServer.html#call/3"),),
    samples=(
        Sample("defmodule A do\n  def get(k), do: «GenServer.call»(__MODULE__, {:get, k})\nend\n"),
        Sample(
            "defmodule A do\n  def get(pid), do: pid |> «GenServer.call»(:get, 15_000)\nend\n",
            says="after 15,000 ms",
        ),
        Sample(
            "defmodule A do\n  def get(p), do: «GenServer.call»(p, :get, :infinity)\nend\n", says="for ever"
        ),
        Sample("defmodule A do\n  alias GenServer, as: S\n  def get, do: &«S.call»/2\nend\n"),
    ),
    silent=(
        Sample("defmodule A do\n  def get(k), do: «call»(k)\n  defp «call»(k), do: k\nend\n"),
        Sample("defmodule A do\n  def get(pid), do: GenServer.call(«pid», {:«get», 1})\nend\n"),
        Sample(
            "defmodule A do\n  alias MyApp.GenServer\n  def get(pid), do: «GenServer.call»(pid, 1)\nend\n"
        ),
        Sample('defmodule A do\n  @doc "«GenServer.call»(pid, 1)"\n  # «GenServer.call»(pid, 1)\nend\n'),
    ),
)
