"""What the fixes of config/ write is evaluated by Elixir, on a machine with another environment."""

from __future__ import annotations

import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from tests.proof import HAS_ELIXIR, applied, build, elixir_verdicts, findings_in

pytestmark = [pytest.mark.elixir, pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed")]

_MIX = b"""\
defmodule MyApp.MixProject do
  use Mix.Project

  def project, do: [app: :my_app, version: "0.1.0", elixir: "~> 1.14", releases: [my_app: []]]
end
"""

_REPO = {
    "config/prod.exs": """\
        import Config

        config :my_app, MyApp.Repo,
          url: System.get_env("DATABASE_URL"),
          pool_size: String.to_integer(System.get_env("POOL_SIZE") || "10"),
          ssl: true

        config :my_app, :support, System.get_env("SUPPORT", "help@example.com")
        config :my_app, limits: [rooms: String.to_integer(System.get_env("ROOMS"))], beta: false
        """,
}
_ENDPOINT = {
    "config/prod.exs": """\
        import Config

        # where it listens
        config :my_app, MyAppWeb.Endpoint,
          http: [port: System.get_env("PORT") || "4000", compress: true],
          url: [
            # as the browser sees it
            host: System.get_env("HOST"),
            port: 443
          ],
          secret_key_base: Map.fetch!(System.get_env(), "SECRET_KEY_BASE")
        """,
    "config/runtime.exs": """\
        import Config

        if config_env() == :prod do
          config :my_app, MyAppWeb.Endpoint, http: [ip: {0, 0, 0, 0}], server: true
        end
        """,
}
_VARIABLES = {
    "config/prod.exs": """\
        import Config

        database_url =
          System.get_env("DATABASE_URL") ||
            raise \"""
            DATABASE_URL is missing.
            \"""

        config :my_app, MyApp.Repo, url: database_url, ssl: true

        host = System.get_env("HOST")
        scheme = if host == "localhost", do: "http", else: "https"

        config :my_app, MyAppWeb.Endpoint, url: [host: host, scheme: scheme]
        config :my_app, MyApp.Mailer, from: "chat@#{host}"

        config :logger, level: :info
        """,
    "config/runtime.exs": """\
        import Config

        if config_env() == :prod do
          config :my_app, MyApp.Mailer, retries: 2
        end
        """,
}
_CONFIG = {
    "config/config.exs": """\
        import Config

        config :my_app, :search, System.get_env("SEARCH_URL") || "http://localhost:9200"

        if config_env() == :prod do
          config :my_app, :mail, api_key: System.get_env("MAIL_KEY"), domain: "example.com"
        end

        import_config "#{config_env()}.exs"
        """,
    "config/prod.exs": "import Config\n",
}

# Evaluates the old files where the variables are set, and the new ones as a release does: first where they
# are not, then `runtime.exs` where they are. Both must come to the same.
_COMPARE = """\
[old, new] = System.argv()
variables = %{
  "DATABASE_URL" => "ecto://u:p@db/chat", "POOL_SIZE" => "7", "SUPPORT" => "us@example.com", "ROOMS" => "5",
  "PORT" => "8080", "HOST" => "chat.example.com", "SECRET_KEY_BASE" => String.duplicate("s", 64),
  "SEARCH_URL" => "http://search:9200", "MAIL_KEY" => "key-1"
}

defmodule Sorted do
  def of(list) when is_list(list) do
    if Keyword.keyword?(list), do: list |> Enum.map(fn {k, v} -> {k, of(v)} end) |> Enum.sort(), else: list
  end

  def of(value), do: value
end

first = fn folder -> Enum.find(["config.exs", "prod.exs"], &File.exists?(Path.join(folder, "config/" <> &1))) end
read = fn folder, name -> Config.Reader.read!(Path.join(folder, "config/" <> name), env: :prod) end

System.put_env(variables)
before = read.(old, first.(old))
runtime_before = if File.exists?(Path.join(old, "config/runtime.exs")), do: read.(old, "runtime.exs"), else: []
wanted = Config.Reader.merge(before, runtime_before)

Enum.each(variables, fn {name, _} -> System.delete_env(name) end)
built = read.(new, first.(new))
System.put_env(variables)
started = Config.Reader.merge(built, read.(new, "runtime.exs"))

if Sorted.of(started) != Sorted.of(wanted) do
  IO.inspect(Sorted.of(wanted), label: "wanted")
  IO.inspect(Sorted.of(started), label: "started")
  System.halt(1)
end

IO.puts("the same")
"""


def _mended(files: dict[str, bytes]) -> dict[str, bytes]:
    """The project after the first fix of each finding of config/, one after the other."""
    for _ in range(20):
        change = next(
            (
                change
                for path in sorted(files)
                for view, findings in [findings_in(files, path)]
                for finding in findings
                if finding.rule.startswith("config/")
                for fix in finding.fixes
                if (change := build(files, view, fix)) is not None
            ),
            None,
        )
        if change is None:
            return files
        files = applied(files, change)
    raise AssertionError("the fixes never end")


def _write(folder: Path, files: dict[str, bytes]) -> Path:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


@pytest.mark.parametrize(
    "shape", [_REPO, _ENDPOINT, _VARIABLES, _CONFIG], ids=["repo", "endpoint", "variables", "config"]
)
def test_a_release_reads_its_own_environment(shape: dict[str, str], tmp_path: Path) -> None:
    files = {"mix.exs": _MIX, **{path: dedent(text).encode() for path, text in shape.items()}}
    mended = _mended(files)
    left = [f.rule for path in mended for f in findings_in(mended, path)[1] if f.rule.startswith("config/")]
    assert left == []
    changed = [data for path, data in mended.items() if files.get(path) != data]
    assert [word for word, _ in elixir_verdicts(changed, tmp_path / "format")] == ["ok"] * len(changed)
    (tmp_path / "compare.exs").write_text(_COMPARE)
    run = subprocess.run(
        ["elixir", "compare.exs", _write(tmp_path / "old", files), _write(tmp_path / "new", mended)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr[-3000:]
    assert run.stdout == "the same\n"


_MODULES = """\
defmodule MyApp.Mail do
  @reply_to System.get_env("REPLY_TO") || "nobody@example.com"
  @api_key Application.get_env(:my_app, __MODULE__)[:api_key]
  @retries String.to_integer(System.get_env("RETRIES", "3"))

  def build(to, retries \\\\ @retries) do
    {to, @reply_to, @api_key, retries, fn -> @reply_to end}
  end

  def reply_to, do: @reply_to
end

defmodule MyApp.Search do
  @page Application.get_env(:my_app, :page, 20)
  @limit Application.get_env(:my_app, __MODULE__)[:limit]

  if Application.get_env(:my_app, :debug) do
    def debug, do: :on
  else
    def debug, do: :off
  end

  def settings, do: {@page, @limit, debug()}
end
"""
_MODULES_CONFIG = b"""\
import Config

config :my_app, MyApp.Mail, api_key: System.fetch_env!("API_KEY")
"""
_CALL = """\
System.put_env(%{"REPLY_TO" => "build@example.com", "RETRIES" => "1"})
Application.put_env(:my_app, MyApp.Mail, api_key: "build")
Application.put_env(:my_app, MyApp.Search, limit: 7)
Application.put_env(:my_app, :debug, true)
Code.compile_file("sample.ex")
System.put_env(%{"REPLY_TO" => "run@example.com", "RETRIES" => "9"})
Application.put_env(:my_app, MyApp.Mail, api_key: "run")

{to, reply_to, api_key, retries, later} = apply(MyApp.Mail, :build, ["a"])
^reply_to = later.()
^reply_to = apply(MyApp.Mail, :reply_to, [])
IO.inspect({to, reply_to, api_key, retries})
IO.inspect(apply(MyApp.Search, :settings, []))
"""


def _called(folder: Path, module: bytes) -> tuple[str, str]:
    """What the functions answer where the environment is another one than while they were compiled."""
    _write(folder, {"sample.ex": module, "call.exs": _CALL.encode()})
    run = subprocess.run(
        ["elixir", "call.exs"], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return run.stdout, run.stderr


def test_a_module_reads_what_is_there_when_it_is_called(tmp_path: Path) -> None:
    files = {
        "mix.exs": _MIX,
        "config/runtime.exs": _MODULES_CONFIG,
        "lib/my_app/mail.ex": _MODULES.encode(),
    }
    mended = _mended(files)
    assert findings_in(mended, "lib/my_app/mail.ex")[1] == []
    before, warnings = _called(tmp_path / "before", files["lib/my_app/mail.ex"])
    assert before == '{"a", "build@example.com", "build", 1}\n{20, 7, :on}\n'
    assert "discouraged in the module body" in warnings
    after, warnings = _called(tmp_path / "after", mended["lib/my_app/mail.ex"])
    assert after == '{"a", "run@example.com", "run", 9}\n{20, 7, :on}\n'
    assert warnings == ""
    assert b"compile_env(:my_app, [__MODULE__, :limit])" in mended["lib/my_app/mail.ex"]


_SECRETS = {
    "config/prod.exs": """\
        import Config

        config :my_app, MyAppWeb.Endpoint,
          secret_key_base: "PtYgjmUhBel31iEl2hpChYgCfrL1spNxnyVmihA/2O76UMFxFkM/R5Kjp1vRt+1f"
        """,
    "config/runtime.exs": """\
        import Config

        if config_env() == :prod do
          config :my_app, MyApp.Mailer,
            api_key: System.get_env("MAILER_API_KEY") || "EEtfjgVvVqE1SkHbn88HxjSI"
        end
        """,
}
_READ_SECRETS = """\
read = fn -> Config.Reader.read!("config/runtime.exs", env: :prod)[:my_app] end
missing = for _ <- 1..2 do
  try do
    read.()
    "nothing is missing"
  rescue
    error in System.EnvError ->
      System.put_env(error.env, "from " <> error.env)
      error.env
  end
end
IO.inspect(Enum.sort(missing))
IO.inspect({read.()[MyAppWeb.Endpoint][:secret_key_base], read.()[MyApp.Mailer][:api_key]})
"""


def test_secrets_come_from_the_environment_or_the_start_fails(tmp_path: Path) -> None:
    files = {"mix.exs": _MIX, **{path: dedent(text).encode() for path, text in _SECRETS.items()}}
    mended = _mended(files)
    assert not any(b"EEtfj" in data or b"PtYgj" in data for data in mended.values())
    _write(tmp_path, {**mended, "read.exs": _READ_SECRETS.encode()})
    run = subprocess.run(
        ["elixir", "read.exs"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr[-3000:]
    names, values = run.stdout.splitlines()
    assert names == '["MAILER_API_KEY", "SECRET_KEY_BASE"]'
    assert values == '{"from SECRET_KEY_BASE", "from MAILER_API_KEY"}'
