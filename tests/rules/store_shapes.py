"""Servers that keep values by key, in the ways in which they are written: every start with puts and reads."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from typing import NamedTuple

# (start_link's parameter and what it hands over, init's parameter, init's body)
_WHOLE_STARTS = (
    ("_opts", "%{}", "state", "{:ok, state}"),
    ("_", ":ok", ":ok", "{:ok, %{}}"),
    ("opts", "opts", "_opts", "{:ok, %{}}"),
    ("", "[]", "_", "{:ok, Map.new()}"),
    ("opts", "opts", "_", "Process.flag(:trap_exit, true)\n{:ok, %{}}"),
)
_FIELD_STARTS = (
    ("opts", "opts", "opts", "{:ok, %{ttl: Keyword.get(opts, :ttl, 60_000), items: %{}}}"),
    ("_opts", ":ok", ":ok", "{:ok, %{items: %{}, puts: 0}}"),
    ("opts \\\\ []", "opts", "_opts", "{:ok, %{items: %{}}}"),
    ("opts", "opts", "_opts", "state = %{items: %{}, puts: 0}\n{:ok, state}"),
    ("opts", "opts", "opts", "{:ok,\n %{\n   items: %{},\n   ttl: Keyword.get(opts, :ttl, 60_000)\n }}"),
)

# (the head's last parameter, the body; TAIL becomes the result with the state in it)
_WHOLE_PUTS = (
    ("state", "RESULT[Map.put(state, key, value)]"),
    ("entries", "RESULT[Map.put(entries, key, value)]"),
    ("cache", "new_cache = Map.put(cache, key, value)\nRESULT[new_cache]"),
    ("state", "state = state |> Map.put(key, value)\nRESULT[state]"),
    ("state", "RESULT[put_in(state[key], value)]"),
    ("map", "RESULT[put_in(map, [key], value)]"),
    ("state", "if value == :skip do\n  RESULT[state]\nelse\n  RESULT[Map.put(state, key, value)]\nend"),
)
_FIELD_PUTS = (
    ("state", "RESULT[put_in(state.items[key], value)]"),
    ("state", "RESULT[put_in(state, [:items, key], value)]"),
    ("state", "RESULT[%{state | items: Map.put(state.items, key, value)}]"),
    ("state", "RESULT[Map.put(state, :items, Map.put(state.items, key, value))]"),
    ("s", "items = Map.put(s.items, key, value)\nRESULT[%{s | items: items}]"),
    ("%{items: items} = state", "RESULT[%{state | items: Map.put(items, key, value)}]"),
)

# MAP is the map, STATE the state
_READS = (
    "{:reply, Map.get(MAP, key), STATE}",
    "{:reply, Map.get(MAP, key, :none), STATE}",
    "{:reply, MAP[key], STATE}",
    "{:reply, Map.fetch(MAP, key), STATE}",
    "{:reply, Map.has_key?(MAP, key), STATE}",
    "value = Map.get(MAP, key)\n{:reply, {:value, value}, STATE}",
    "case MAP do\n  %{^key => value} -> {:reply, {:ok, value}, STATE}\n  _ -> {:reply, :miss, STATE}\nend",
    "case Map.fetch(MAP, key) do\n  {:ok, value} -> {:reply, {:found, value}, STATE}\n  :error -> {:reply, :missing, STATE}\nend",
    "reply =\n  case Map.get(MAP, key) do\n    nil -> :nothing\n    value -> {:just, value}\n  end\n\n{:reply, reply, STATE}",
    "if Map.has_key?(MAP, key) do\n  {:reply, {:here, MAP[key]}, STATE}\nelse\n  {:reply, :gone, STATE}\nend",
)
_FIELD_READS = ("{:reply, get_in(STATE, [:items, key]), STATE}",)
_NAMES = ("__MODULE__", ":NAME", "@name")


class Shape(NamedTuple):
    """A module `Store`, named in a way of its own; `has_delete` when entries can be taken out."""

    code: str
    has_delete: bool


def shapes(*, with_delete: bool) -> Iterator[Shape]:
    """Modules in which every form of start, put and read occurs, and many of them together."""
    names = cycle(_NAMES)
    for place, starts, puts, reads in (
        ("", _WHOLE_STARTS, _WHOLE_PUTS, _READS),
        ("items", _FIELD_STARTS, _FIELD_PUTS, (*_READS, *_FIELD_READS)),
    ):
        count = max(len(starts), len(puts), len(reads)) * 2
        for number in range(count):
            start = starts[number % len(starts)]
            put = puts[(number * 3 + number // len(puts)) % len(puts)]
            read = reads[number % len(reads)]
            other = reads[(number * 7 + 3) % len(reads)]
            yield Shape(
                _module(place, start, put, read, other, next(names), number, with_delete), with_delete
            )


def _module(
    place: str,
    start: tuple[str, str, str, str],
    put: tuple[str, str],
    read: str,
    other: str,
    name: str,
    number: int,
    with_delete: bool,
) -> str:
    by_call = number % 3 != 1
    head, body = put
    parameter, handed, init, made = start
    state = head.rpartition(" ")[2]
    stored = body.replace("RESULT[", "{:reply, :ok, " if by_call else "{:noreply, ").replace("]\n", "}\n")
    stored = _close(body, "{:reply, :ok, " if by_call else "{:noreply, ")
    reading = "entries" if not place else "state"
    where = reading if not place else "state.items"
    parts = [
        "defmodule Store do",
        "use GenServer",
        "@name :NAME" if name == "@name" else "",
        f"def start_link({parameter}), do: GenServer.start_link(__MODULE__, {handed}, name: {name})"
        if parameter
        else f"def start_link, do: GenServer.start_link(__MODULE__, {handed}, name: {name})",
        f"def put(key, value), do: GenServer.{'call' if by_call else 'cast'}({name}, {{:put, key, value}})",
        _function("def get(key)", f"GenServer.call({name}, {{:get, key}})", number % 2),
        f"def other(id), do: GenServer.call({name}, {{:other, id}})",
        f"def all, do: GenServer.call({name}, :all)",
    ]
    if with_delete:
        parts.append(f"def delete(key), do: GenServer.call({name}, {{:delete, key}})")
    parts += ["@impl true", _function(f"def init({init})", made, number % 2)]
    call = "def handle_call"
    calls = [
        _function(f"{call}({{:get, key}}, _from, {reading})", _read(read, where, reading), 1),
        _function(f"{call}({{:other, key}}, _from, {reading})", _read(other, where, reading), number % 2),
        _function(f"{call}(:all, _from, {reading})", f"{{:reply, {where}, {reading}}}", number % 2),
    ]
    stored_head = (
        f"{call}({{:put, key, value}}, _from, {head})"
        if by_call
        else f"def handle_cast({{:put, key, value}}, {head})"
    )
    store = _function(stored_head, stored, number % 2)
    if by_call:
        calls.insert(number % 3, store)
    if with_delete:
        gone = (
            f"Map.delete({reading}, key)" if not place else "%{state | items: Map.delete(state.items, key)}"
        )
        calls.append(_function(f"{call}({{:delete, key}}, _from, {reading})", f"{{:reply, :ok, {gone}}}", 0))
    del state
    parts += ["@impl true", *calls]
    if not by_call:
        parts += ["@impl true", store]
    return "\n".join(part for part in parts if part) + "\nend\n"


def _close(body: str, opening: str) -> str:
    """`RESULT[x]` as `{:reply, :ok, x}`; brackets within are the map's own."""
    found = []
    rest = body
    while "RESULT[" in rest:
        before, _, rest = rest.partition("RESULT[")
        depth, end = 1, 0
        while depth:
            depth += {"[": 1, "]": -1}.get(rest[end], 0)
            end += 1
        found.append(f"{before}{opening}{rest[: end - 1]}}}")
        rest = rest[end:]
    return "".join(found) + rest


def _read(text: str, where: str, state: str) -> str:
    return text.replace("MAP", where).replace("STATE", state)


def _function(head: str, body: str, long: int) -> str:
    if "\n" not in body and not long:
        return f"{head}, do: {body}"
    return f"{head} do\n{body}\nend\n"
