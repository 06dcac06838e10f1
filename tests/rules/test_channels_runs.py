"""What the channel fixes write is compiled and run by Elixir, against a stand-in for Phoenix."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from otpwise_analyzers.project.config import Settings
from tests.proof import HAS_ELIXIR, applied, build, findings_in

pytestmark = [
    pytest.mark.elixir,
    pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed"),
]

PATH = "lib/my_app_web/channels/room_channel.ex"
OURS = {
    "phoenix/channel-join-without-authorization",
    "phoenix/unlimited-channel-messages",
    "phoenix/raw-broadcast",
    "phoenix/open-socket",
}

PHOENIX = """\
defmodule Phoenix.Socket do
  defmacro __using__(_options), do: quote(do: import(Phoenix.Socket))
  def channel(_topic, _module), do: :ok
  def assign(socket, key, value), do: put_in(socket.assigns[key], value)
end

defmodule Phoenix.Channel do
  defmacro __using__(_options) do
    quote do
      import Phoenix.Channel
      import Phoenix.Socket, only: [assign: 3]
    end
  end

  def broadcast!(_socket, event, payload), do: send(self(), {event, payload})
end

defmodule Phoenix.Token do
  def verify(_socket, "user socket", "good", max_age: age) when age > 0, do: {:ok, 7}
  def verify(_socket, _salt, _token, _options), do: {:error, :invalid}
end
"""

CHANNEL = """\
defmodule MyAppWeb.RoomChannel do
  use Phoenix.Channel

  def join("room:" <> room_id, _params, socket) do
    {:ok, assign(socket, :room_id, room_id)}
  end

  def handle_in("say", %{"body" => body}, socket) do
    broadcast!(socket, "said", %{body: body, user: socket.assigns.current_user})
    {:noreply, socket}
  end

  def handle_in("draw", payload, socket) do
    broadcast!(socket, "drawn", payload)
    {:noreply, socket}
  end
end
"""

CLIENT = """\
defmodule Client do
  def socket, do: %{assigns: %{current_user: %{id: 7, name: "ada", password_hash: "secret"}}}

  def join(topic), do: MyAppWeb.RoomChannel.join(topic, %{}, socket())

  def send(socket, event, payload), do: MyAppWeb.RoomChannel.handle_in(event, payload, socket)

  def burst(socket, times) do
    Enum.map_reduce(1..times, socket, fn _, socket ->
      case send(socket, "say", %{"body" => "hi"}) do
        {:noreply, socket} -> {:passed, socket}
        {:reply, {:error, %{reason: reason}}, socket} -> {reason, socket}
      end
    end)
  end
end
"""


def fixed(files: dict[str, bytes], path: str = PATH) -> dict[str, bytes]:
    """The project after one fix of each of our findings in `path`, one after another."""
    for _ in range(10):
        file, findings = findings_in(files, path, Settings(profile="strict"))
        changes = [
            change
            for finding in findings
            if finding.rule in OURS
            for fix in finding.fixes
            if (change := build(files, file, fix)) is not None
        ]
        if not changes:
            return files
        files = applied(files, changes[0])
    raise AssertionError("fixes do not come to an end")


def run(folder: Path, *parts: str) -> list[str]:
    script = folder / "script.exs"
    script.write_text("\n".join(parts))
    result = subprocess.run(["elixir", str(script)], capture_output=True, text=True, timeout=100, check=False)
    assert result.returncode == 0, f"{result.stderr}\n{parts}"
    assert "warning" not in result.stderr, f"{result.stderr}\n{parts}"
    return result.stdout.splitlines()


def test_the_window_really_starts_anew(tmp_path: Path) -> None:
    channel = fixed({PATH: CHANNEL.encode()})[PATH].decode()
    lines = run(
        tmp_path,
        PHOENIX,
        channel,
        CLIENT,
        """\
        {results, socket} = Client.burst(Client.socket(), 7)
        IO.inspect(results)
        Process.sleep(1_050)
        {results, _socket} = Client.burst(socket, 6)
        IO.inspect(results)
        """,
    )
    limit = '"rate_limited"'
    assert lines[0] == f"[:passed, :passed, :passed, :passed, :passed, {limit}, {limit}]"
    assert lines[1] == f"[:passed, :passed, :passed, :passed, :passed, {limit}]"


def test_everyone_is_refused_and_nobody_is_shown(tmp_path: Path) -> None:
    channel = fixed({PATH: CHANNEL.encode()})[PATH].decode()
    lines = run(
        tmp_path,
        PHOENIX,
        channel,
        CLIENT,
        """\
        IO.inspect(Client.join("room:1"))
        Client.send(Client.socket(), "say", %{"body" => "hi"})
        receive do: (message -> IO.inspect(message))
        Client.send(Client.socket(), "draw", %{"body" => "o", "user_id" => 1, "x" => 2})
        receive do: (message -> IO.inspect(message))
        """,
    )
    assert lines == [
        '{:error, %{reason: "unauthorized"}}',
        '{"said", %{body: "hi", user_id: 7}}',
        '{"drawn", %{body: "o", user_id: 7}}',
    ]


def test_the_projects_own_check_decides(tmp_path: Path) -> None:
    rooms = """\
defmodule MyApp.Rooms do
  def can_access_room?(user, room_id), do: user.id == 7 and room_id == "1"
end
"""
    channel = fixed({PATH: CHANNEL.encode(), "lib/my_app/rooms.ex": rooms.encode()})[PATH].decode()
    lines = run(
        tmp_path,
        PHOENIX,
        rooms,
        channel,
        CLIENT,
        """\
        IO.inspect(elem(Client.join("room:1"), 0))
        IO.inspect(elem(Client.join("room:2"), 0))
        """,
    )
    assert lines == [":ok", ":error"]


HAMMER_6 = """\
defmodule Hammer do
  def check_rate(id, scale_ms, limit) when is_binary(id) and is_integer(scale_ms) do
    count = Process.get(id, 0) + 1
    Process.put(id, count)
    if count > limit, do: {:deny, limit}, else: {:allow, count}
  end
end
"""

OWN_HAMMER_7 = """\
defmodule MyApp.RateLimit do
  use Hammer, backend: :ets
end
"""

HAMMER_7 = """\
defmodule Hammer do
  defmacro __using__(_options) do
    quote do
      def hit(key, scale, limit) when is_binary(key) and is_integer(scale) do
        count = Process.get(key, 0) + 1
        Process.put(key, count)
        if count > limit, do: {:deny, scale}, else: {:allow, count}
      end
    end
  end
end
"""


def mix(hammer: str) -> bytes:
    return f"""\
defmodule MyApp.MixProject do
  use Mix.Project

  def project, do: [app: :my_app, version: "0.1.0", deps: [{{:hammer, "{hammer}"}}]]
end
""".encode()


@pytest.mark.parametrize(
    ("version", "library", "own"),
    [("~> 6.1", HAMMER_6, ""), ("~> 7.0", HAMMER_7, OWN_HAMMER_7)],
    ids=["6", "7"],
)
def test_hammer_counts_by_user(tmp_path: Path, version: str, library: str, own: str) -> None:
    files = {PATH: CHANNEL.encode(), "mix.exs": mix(version)}
    if own:
        files["lib/my_app/rate_limit.ex"] = own.encode()
    channel = fixed(files)[PATH].decode()
    assert 'bucket = "channel_messages:#{socket.assigns.current_user.id}"' in channel
    lines = run(
        tmp_path,
        PHOENIX,
        library,
        own,
        channel,
        CLIENT,
        "IO.inspect(elem(Client.burst(Client.socket(), 6), 0))",
    )
    assert lines == ['[:passed, :passed, :passed, :passed, :passed, "rate_limited"]']


def test_hammer_7_without_a_module_falls_back_to_the_window() -> None:
    channel = fixed({PATH: CHANNEL.encode(), "mix.exs": mix("~> 7.0")})[PATH].decode()
    assert "System.monotonic_time(:millisecond)" in channel
    assert "Hammer" not in channel


def test_the_socket_takes_only_those_with_a_token(tmp_path: Path) -> None:
    path = "lib/my_app_web/channels/user_socket.ex"
    source = """\
defmodule MyAppWeb.UserSocket do
  use Phoenix.Socket

  channel("room:*", MyAppWeb.RoomChannel)

  def connect(_params, socket, _connect_info), do: {:ok, socket}

  def id(_socket), do: nil
end
"""
    socket = fixed({path: source.encode()}, path)[path].decode()
    lines = run(
        tmp_path,
        PHOENIX,
        socket,
        """\
        socket = %{assigns: %{}}
        IO.inspect(MyAppWeb.UserSocket.connect(%{"token" => "good"}, socket, %{}))
        IO.inspect(MyAppWeb.UserSocket.connect(%{"token" => "forged"}, socket, %{}))
        IO.inspect(MyAppWeb.UserSocket.connect(%{}, socket, %{}))
        """,
    )
    assert lines == ["{:ok, %{assigns: %{user_id: 7}}}", ":error", ":error"]


def test_line_endings_of_the_file_are_kept() -> None:
    result = fixed({PATH: CHANNEL.replace("\n", "\r\n").encode()})[PATH]
    assert result.count(b"\n") == result.count(b"\r\n") > CHANNEL.count("\n")
    assert result.replace(b"\r\n", b"\n") == fixed({PATH: CHANNEL.encode()})[PATH]
