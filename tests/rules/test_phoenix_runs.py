"""What the fixes of the web layer's rules write is compiled and run, with small stand-ins for the libraries."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from otpwise_analyzers.rules.catalogue import RULES
from tests.proof import HAS_ELIXIR, applied, build, findings_in

pytestmark = [pytest.mark.elixir, pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed")]

_STAND_INS = """\
defmodule Swoosh.Email do
  defstruct subject: "",
            from: nil,
            to: [],
            cc: [],
            bcc: [],
            text_body: nil,
            html_body: nil,
            attachments: [],
            reply_to: nil,
            headers: %{},
            private: %{},
            assigns: %{},
            provider_options: %{}
end

defmodule Swoosh.Mailer do
  defmacro __using__(_opts) do
    quote do
      def deliver(email), do: send(self(), {:delivered, email}) && {:ok, %{}}
    end
  end
end

defmodule Oban.Job do
  defstruct [:worker, :args, :queue]
end

defmodule Oban.Worker do
  @callback perform(%Oban.Job{}) :: term

  defmacro __using__(opts) do
    quote do
      @behaviour Oban.Worker
      def new(args), do: %Oban.Job{worker: __MODULE__, args: args, queue: unquote(opts)[:queue]}
    end
  end
end

defmodule Oban do
  # A job's arguments go through JSON: keys become strings, and tuples are refused.
  def insert(job) do
    :mailers = job.queue
    send(self(), {:job, %{job | args: json(job.args)}})
    {:ok, job}
  end

  defp json(map) when is_map(map), do: Map.new(map, fn {key, value} -> {to_string(key), json(value)} end)
  defp json(list) when is_list(list), do: Enum.map(list, &json/1)
  defp json(value) when is_binary(value) or is_nil(value), do: value
end
"""

_RUN = """\
for path <- System.argv(), do: Code.require_file(path)

mail =
  struct!(Swoosh.Email,
    subject: "Welcome",
    from: {"Shop", "shop@example.com"},
    to: [{"Ada", "ada@example.com"}, {"", "bob@example.com"}],
    reply_to: {nil, "help@example.com"},
    text_body: "Hello",
    headers: %{"x-kind" => "welcome"}
  )

{:ok, _job} = Shop.MailWorker.enqueue(mail)
job = receive do {:job, job} -> job end
{:ok, _} = job.worker.perform(job)
^mail = receive do {:delivered, email} -> email end

try do
  Shop.MailWorker.enqueue(%{mail | attachments: [:file]})
  raise "a mail with attachments must be refused"
rescue
  FunctionClauseError -> :ok
end

IO.puts("all is well")
"""


def test_a_mail_comes_out_of_its_job_as_it_went_in(tmp_path: Path) -> None:
    rule = RULES["phoenix/mail-in-request"]
    example = next(one for one in rule.incorrect if "lib/shop/mail_worker.ex" in one.fixed_others)
    files = {path: text.encode() for path, text in example.others.items()}
    files[example.path] = example.text.encode()
    file, findings = findings_in(files, example.path)
    change = build(files, file, findings[0].fixes[0])
    assert change is not None
    files = applied(files, change)
    (tmp_path / "stand_ins.exs").write_text(_STAND_INS)
    names = ["lib/shop/mailer.ex", "lib/shop/mail_worker.ex"]
    for name in names:
        (tmp_path / Path(name).name).write_bytes(files[name])
    (tmp_path / "run.exs").write_text(_RUN)
    run = subprocess.run(
        ["elixir", "run.exs", "stand_ins.exs", *(Path(name).name for name in names)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert run.stdout.endswith("all is well\n")
