"""Whether Elixir's own compiler takes a text, and what it warns of: asked of one virtual machine for many texts.

Only texts that need no library can be judged; one that does not compile to begin with is not. Compiling runs what
stands outside of the functions, so texts that touch the machine around them are left alone.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_UNSAFE = re.compile(
    rb"System\.(cmd|shell|halt|stop|put_env|at_exit)|:os\.|:init\.|Port\.open|:file\.|File\.(write|rm|mkdir|cp|touch|ln|"
    rb"rename|chmod|open|stream)|Code\.(eval|compile|require|purge|put)|Mix\.|:erlang\.(halt|open_port)|Node\.|:net_kernel"
    rb"|:httpc|:gen_tcp|:code\.|:ets\.delete_all|on_load|spawn"
)

_COMPILER = """
Code.compiler_options(ignore_module_conflict: true, docs: false, debug_info: true)
[input] = System.argv()

defined = fn text ->
  {:ok, tree} = Code.string_to_quoted(text)
  {_, names} =
    Macro.prewalk(tree, [], fn
      {kind, _, [{:__aliases__, _, parts} | _]} = node, names when kind in [:defmodule, :defprotocol] ->
        {node, if(Enum.all?(parts, &is_atom/1), do: [Module.concat(parts) | names], else: names)}
      node, names -> {node, names}
    end)
  names
end

compile = fn text ->
  {:ok, device} = StringIO.open("")
  real = Process.whereis(:standard_error)
  Process.unregister(:standard_error)
  Process.register(device, :standard_error)
  task =
    Task.async(fn ->
      Process.group_leader(self(), device)
      try do
        for {module, _} <- Code.compile_string(text, "text.ex") do
          :code.purge(module)
          :code.delete(module)
        end
        :ok
      rescue
        error -> {:error, Exception.message(error)}
      catch
        kind, reason -> {:error, inspect({kind, reason})}
      end
    end)
  answer =
    case Task.yield(task, 20_000) || Task.shutdown(task, :brutal_kill) do
      {:ok, answer} -> answer
      _ -> {:error, "timeout"}
    end
  Process.unregister(:standard_error)
  Process.register(real, :standard_error)
  {_, {_, warnings}} = {:ok, StringIO.contents(device)}
  StringIO.close(device)
  {answer, warnings}
end

for line <- File.stream!(input), path = String.trim(line), path != "" do
  text = File.read!(path)
  answer =
    try do
      if Enum.any?(defined.(text), &Code.ensure_loaded?/1), do: {{:error, "conflict"}, ""}, else: compile.(text)
    rescue
      error -> {{:error, inspect(error)}, ""}
    end
  {word, detail} = case answer do
    {:ok, warnings} -> {"ok", warnings}
    {{:error, message}, warnings} -> {"error", message <> "\\n" <> warnings}
  end
  IO.puts(word <> " " <> Base.encode64(detail))
end
"""


@dataclass(frozen=True, slots=True)
class Compiled:
    """`warnings` are those about a text's own code, without positions; `error` is empty when it compiles."""

    error: str
    warnings: tuple[str, ...]


_LIBRARY = re.compile(
    r"module [\w.]+ is not loaded and could not be found|__struct__/1 is undefined, cannot expand struct"
)


def needs_others(error: str) -> bool:
    """Whether a text does not compile for want of another file or a library, and may be right for all that."""
    return _LIBRARY.search(error) is not None


def is_harmless(text: bytes) -> bool:
    """Whether a text may be compiled at all: nothing in it would touch the machine."""
    return _UNSAFE.search(text) is None


def compile_texts(texts: Sequence[bytes], folder: Path) -> list[Compiled]:
    """What the compiler says of each text."""
    if not texts:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index, text in enumerate(texts):
        path = folder / f"compiled_{index}.ex"
        path.write_bytes(text)
        paths.append(str(path))
    listing, script = folder / "compile.txt", folder / "compile.exs"
    listing.write_text("\n".join(paths) + "\n")
    script.write_text(_COMPILER)
    run = subprocess.run(
        ["elixir", str(script), str(listing)],
        capture_output=True,
        text=True,
        timeout=60 + 2 * len(texts),
        check=False,
        cwd=folder,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    answers = []
    for line in run.stdout.splitlines():
        word, _, payload = line.partition(" ")
        if word not in ("ok", "error"):
            continue
        said = base64.b64decode(payload).decode("utf-8", "replace")
        answers.append(Compiled(said if word == "error" else "", _warnings(said)))
    assert len(answers) == len(texts), json.dumps([len(answers), len(texts), run.stdout[-300:]])
    return answers


_OTHERS = re.compile(r"module [\w.:]+ is not available|is not available or is yet to be defined")


def _warnings(said: str) -> tuple[str, ...]:
    found = []
    for part in re.split(r"\n(?=warning: )|\A(?=warning: )", said):
        if not part.startswith("warning: "):
            continue
        message = part.removeprefix("warning: ").strip().splitlines()[0]
        if not _OTHERS.search(message):
            found.append(re.sub(r"\s*\(?text\.ex:\d+.*", "", message))
    return tuple(found)
