"""Channels: their topics, the clauses that answer messages, and what those reach."""

from __future__ import annotations

import pytest

from otpwise_analyzers.engine import check
from otpwise_analyzers.project.channels import (
    channels_in,
    is_pipe,
    joins_of,
    messages_of,
    reached_from,
    topic_of,
)
from otpwise_analyzers.syntax.file import ElixirFile


def channel(body: str, name: str = "MyAppWeb.RoomChannel") -> ElixirFile:
    return ElixirFile("lib/c.ex", f"defmodule {name} do\n  use Phoenix.Channel\n{body}\nend\n".encode())


@pytest.mark.parametrize(
    ("pattern", "prefix", "variable"),
    [
        ('"room:" <> id', "room:", "id"),
        ('"room:" <> id = topic', "room:", "id"),
        ('topic = "room:" <> id', "room:", "id"),
        ('"org:" <> "room:" <> _id', "org:room:", "_id"),
        ("topic", "", "topic"),
    ],
)
def test_dynamic_topics(pattern: str, prefix: str, variable: str) -> None:
    file = channel(f"def join({pattern}, _params, socket), do: {{:ok, socket}}")
    (clause,) = joins_of(channels_in(file)[0])
    topic = topic_of(clause.params[0], file.data)
    assert topic is not None
    assert (topic.prefix, file.text(topic.variable)) == (prefix, variable)


@pytest.mark.parametrize("pattern", ['"room:lobby"', "%{topic: t}", "@topic", "prefix() <> id"])
def test_fixed_and_unknown_topics(pattern: str) -> None:
    file = channel(f"def join({pattern}, _params, socket), do: {{:ok, socket}}")
    (clause,) = joins_of(channels_in(file)[0])
    assert topic_of(clause.params[0], file.data) is None


def test_clauses_behind_a_gate_answer_messages_too() -> None:
    file = channel(
        """\
  def handle_in(event, payload, socket) do
    if allowed(socket), do: on_event(event, payload, socket), else: {:noreply, socket}
  end
  defp on_event("a", _payload, socket), do: {:noreply, socket}
  defp on_event("b", payload, socket), do: other(socket, payload, 1)
  defp other(_socket, _payload, _n), do: :ok
  defp allowed(_socket), do: true
"""
    )
    module = channels_in(file)[0]
    assert [clause.name for clause in messages_of(module)] == ["handle_in", "on_event", "on_event"]


def test_clauses_behind_a_captured_function() -> None:
    file = channel(
        """\
  def handle_in(command, params, socket), do: guarded(command, params, socket, &answer/3)
  def answer("a", _params, socket), do: {:noreply, socket}
"""
    )
    module = channels_in(file)[0]
    assert [clause.name for clause in messages_of(module)] == ["handle_in", "answer"]


def test_reaching_ends_with_functions_that_call_each_other() -> None:
    file = channel(
        """\
  def handle_in("a", n, socket), do: ping(n, socket)
  defp ping(n, socket), do: n |> pong(socket)
  defp pong(n, socket), do: ping(n, socket)
"""
    )
    clause = messages_of(channels_in(file)[0])[0]
    assert [one.name for one in reached_from(clause)] == ["handle_in", "ping", "pong"]


def test_pipes_are_known_by_their_names() -> None:
    join = 'def join("{}", _params, socket), do: {{:ok, socket}}'
    assert is_pipe(channels_in(channel(join.format("device:console")))[0])
    assert is_pipe(channels_in(channel(join.format("a"), "MyAppWeb.ShellChannel"))[0])
    assert not is_pipe(channels_in(channel(join.format("room:lobby")))[0])


GENERATED = """\
defmodule MyAppWeb.RoomChannel do
  use MyAppWeb, :channel

  @impl true
  def join("room:lobby", payload, socket) do
    if authorized?(payload), do: {:ok, socket}, else: {:error, %{reason: "unauthorized"}}
  end

  @impl true
  def handle_in("ping", payload, socket), do: {:reply, {:ok, payload}, socket}

  @impl true
  def handle_in("shout", payload, socket) do
    broadcast(socket, "shout", payload)
    {:noreply, socket}
  end

  defp authorized?(_payload), do: true
end
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"room:lobby"', '"room:" <> _id'),
        ('"ping"', '"new_msg"'),
        ("    broadcast(", "    MyApp.Chat.create_message(payload)\n    broadcast("),
        (
            "  defp authorized?",
            "  def handle_info(_message, socket), do: {:noreply, socket}\n\n  defp authorized?",
        ),
    ],
)
def test_a_generated_channel_counts_once_somebody_began_on_it(before: str, after: str) -> None:
    def levels(text: str) -> set[str]:
        path = "lib/my_app_web/channels/room_channel.ex"
        report = check(ElixirFile(path, text.encode()))
        return {finding.level.value for finding in report.findings}

    assert levels(GENERATED) == {"hint"}
    assert levels(GENERATED.replace(before, after)) >= {"warning"}
