"""A project for edits of several files, and an editor's strict way to make a workspace edit."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote

from otpwise_analyzers.source.edits import Edit, apply
from otpwise_analyzers.source.lines import Encoding, LineIndex

FILES = {
    "mix.exs": """defmodule Mini.MixProject do
  use Mix.Project
  def project, do: [app: :mini, version: "0.1.0"]
  def application, do: [mod: {Mini.Application, []}]
end
""",
    "lib/mini/application.ex": """defmodule Mini.Application do
  use Application

  def start(_type, _args) do
    children = [{Task.Supervisor, name: "é😀" && Mini.Tasks}]
    Supervisor.start_link(children, strategy: :one_for_one)
  end
end
""",
    "lib/mini/cache.ex": """defmodule Mini.Cache do
  use GenServer

  def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

  @impl true
  def init(opts), do: {:ok, opts}
end
""",
    "lib/mini/previews.ex": """defmodule Mini.Previews do
  def fetch(url) do
    {"é😀", {:ok, _}} = {"é😀", Mini.Cache.start_link([])}
    {:ok, _} = Mini.Cache.start_link([])
    url
  end
end
""",
    "lib/mini/acounts.ex": """defmodule Mini.Accounts do
  def all, do: []
end
""",
}
APPLICATION = "lib/mini/application.ex"
PREVIEWS = "lib/mini/previews.ex"
MISPLACED = "lib/mini/acounts.ex"
# The finding that a fix in two files mends, in PREVIEWS.
STARTED_AT = 3


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    for path, text in files.items():
        where = root / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


class Refused(Exception):  # noqa: N818
    """An editor would not make this edit."""


def made(
    edit: dict[str, Any], encoding: Encoding, buffers: dict[str, tuple[int, str]] | None = None
) -> dict[str, str]:
    """What an edit makes of the files that it concerns, by their paths; `buffers` are the open ones, by URI, with
    their versions. Nothing is written. Raises Refused for what an editor does not take."""
    buffers = buffers or {}
    after: dict[str, str] = {}
    if "documentChanges" not in edit:
        for uri, edits in edit["changes"].items():
            after[_path(uri)] = _edited(_now(uri, buffers), edits, encoding)
        return after
    annotations = edit.get("changeAnnotations", {})
    for change in edit["documentChanges"]:
        if (annotation := change.get("annotationId")) is not None and annotation not in annotations:
            raise Refused(f"no annotation {annotation}")
        match change.get("kind"):
            case "create":
                if _path(change["uri"]) in after or Path(_path(change["uri"])).exists():
                    raise Refused(f"{change['uri']} exists")
                after[_path(change["uri"])] = ""
            case "rename":
                old, new = _path(change["oldUri"]), _path(change["newUri"])
                if new in after or Path(new).exists():
                    raise Refused(f"{new} exists")
                after[new] = after.pop(old) if old in after else _now(change["oldUri"], buffers)
            case None:
                document = change["textDocument"]
                uri, path = document["uri"], _path(document["uri"])
                version = buffers[uri][0] if uri in buffers else None
                if document["version"] != version:
                    raise Refused(f"{uri} is at version {version}, not {document['version']}")
                text = after[path] if path in after else _now(uri, buffers)
                after[path] = _edited(text, change["edits"], encoding)
            case kind:
                raise Refused(f"{kind} is not known")
    return after


def _path(uri: str) -> str:
    return unquote(uri.removeprefix("file://"))


def _now(uri: str, buffers: dict[str, tuple[int, str]]) -> str:
    if uri in buffers:
        return buffers[uri][1]
    return Path(_path(uri)).read_bytes().decode("utf-8-sig")


def _edited(text: str, edits: list[dict[str, Any]], encoding: Encoding) -> str:
    lines = LineIndex(text.encode())

    def offset(position: dict[str, int]) -> int:
        found = lines.offset(position["line"], position["character"], encoding)
        if lines.position(found, encoding) != (position["line"], position["character"]):
            raise Refused(f"{position} is not in the text")
        return found

    found = [Edit(offset(e["range"]["start"]), offset(e["range"]["end"]), e["newText"]) for e in edits]
    return apply(text.encode(), found).decode()
