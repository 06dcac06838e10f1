"""Whether Elixir's own compiler takes a text, and what it warns of: asked of one virtual machine for many texts.

Only texts that need no library can be judged, or none but those that lie on Erlang's code path; one that does not
compile to begin with is not. Modules of the project that it needs to compile are compiled before it. Compiling runs
what stands outside of the functions, so texts that touch the machine around them are left alone.
"""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_UNSAFE = re.compile(
    rb"System\.(cmd|shell|halt|stop|put_env|at_exit)|:os\.|:init\.|Port\.open|:file\.|File\.(write|rm|mkdir|cp|touch|ln|"
    rb"rename|chmod|open|stream)|Code\.(eval|compile|require|purge|put)|Mix\.|:erlang\.(halt|open_port)|Node\.|:net_kernel"
    rb"|:httpc|:gen_tcp|:code\.|:ets\.delete_all|on_load|spawn"
)

_COMPILER = """
defmodule Judge do
  @missing [
    ~r/module ([A-Z][\\w.]*) is not (?:loaded|available)/,
    ~r/([A-Z][\\w.]*)\\.__struct__\\/\\d is undefined/,
    ~r/you must require ([A-Z][\\w.]*) before/
  ]

  # others: the files of the project by module. Loaded and tried modules are kept between two texts.
  def judge(text, others, loaded, tried) do
    if Enum.any?(defined(text), &(to_string(&1) not in loaded and Code.ensure_loaded?(&1))) do
      {{:error, "conflict"}, "", loaded, tried}
    else
      attempt(text, others, loaded, tried, 60)
    end
  end

  defp attempt(text, others, loaded, tried, left) do
    {answer, said} = compile(text)
    with {:error, message} <- answer,
         module when module != nil <- missing(message),
         false <- left == 0 or MapSet.member?(tried, module),
         {:ok, path} <- Map.fetch(others, module) do
      {_, _, loaded, tried} = attempt(File.read!(path), others, loaded, MapSet.put(tried, module), left - 1)
      attempt(text, others, loaded, tried, left - 1)
    else
      _ ->
        loaded = case answer do
          {:ok, modules} -> Enum.into(modules, loaded, &to_string/1)
          _ -> loaded
        end
        {answer, said, loaded, tried}
    end
  end

  defp missing(message) do
    Enum.find_value(@missing, fn pattern ->
      case Regex.run(pattern, message) do
        [_, module] -> String.trim_trailing(module, ".")
        nil -> nil
      end
    end)
  end

  defp defined(text) do
    {:ok, tree} = Code.string_to_quoted(text)
    {_, names} =
      Macro.prewalk(tree, [], fn
        {kind, _, [{:__aliases__, _, parts} | _]} = node, names when kind in [:defmodule, :defprotocol] ->
          {node, if(Enum.all?(parts, &is_atom/1), do: [Module.concat(parts) | names], else: names)}
        node, names -> {node, names}
      end)
    names
  end

  defp compile(text) do
    {:ok, device} = StringIO.open("")
    real = Process.whereis(:standard_error)
    Process.unregister(:standard_error)
    Process.register(device, :standard_error)
    task =
      Task.async(fn ->
        Process.group_leader(self(), device)
        try do
          {:ok, for({module, _} <- Code.compile_string(text, "text.ex"), do: module)}
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
    {_, said} = StringIO.contents(device)
    StringIO.close(device)
    {answer, said}
  end
end

# What a text starts may die, and take its own task with it only.
Process.flag(:trap_exit, true)
Code.compiler_options(ignore_module_conflict: true, docs: false, debug_info: true)
[input, listed] = System.argv()
others =
  for line <- File.stream!(listed), [module, path] <- [String.split(String.trim(line), " ")], into: %{}, do: {module, path}

input
|> File.stream!()
|> Enum.map(&String.trim/1)
|> Enum.reject(&(&1 == ""))
|> Enum.reduce({MapSet.new(), MapSet.new()}, fn path, {loaded, tried} ->
  {answer, said, now, tried} =
    try do
      Judge.judge(File.read!(path), others, loaded, tried)
    rescue
      error -> {{:error, inspect(error)}, "", loaded, tried}
    end
  # What this text has made anew is no module of the project: the next one may need that.
  stale = case answer do
    {:ok, modules} -> modules
    _ -> []
  end
  for module <- stale do
    :code.purge(module)
    :code.delete(module)
  end
  gone = Enum.map(stale, &to_string/1)
  short = Enum.map(gone, &String.replace_prefix(&1, "Elixir.", ""))
  {word, detail} = case answer do
    {:ok, _} -> {"ok", said}
    {:error, message} -> {"error", message <> "\\n" <> said}
  end
  IO.puts(word <> " " <> Base.encode64(detail))
  {MapSet.difference(now, MapSet.new(gone)), MapSet.difference(tried, MapSet.new(short))}
end)
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


def compile_texts(
    texts: Sequence[bytes], folder: Path, others: Mapping[str, bytes] | None = None
) -> list[Compiled]:
    """What the compiler says of each text. `others` are the project's files by the modules in them."""
    if not texts:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    listing, listed, script = folder / "compile.txt", folder / "others.txt", folder / "compile.exs"
    listing.write_text("".join(f"{_put(folder, text)}\n" for text in texts))
    known = {module: text for module, text in (others or {}).items() if is_harmless(text)}
    listed.write_text("".join(f"{module} {_put(folder, text)}\n" for module, text in known.items()))
    script.write_text(_COMPILER)
    try:
        run = subprocess.run(
            ["elixir", str(script), str(listing), str(listed)],
            capture_output=True,
            text=True,
            timeout=240 + 5 * len(texts),
            check=False,
            cwd=folder,
        )
    except subprocess.TimeoutExpired:
        return [Compiled("timeout", ())] * len(texts)
    answers = []
    for line in run.stdout.splitlines():
        word, _, payload = line.partition(" ")
        if word not in ("ok", "error"):
            continue
        said = base64.b64decode(payload).decode("utf-8", "replace")
        answers.append(Compiled(said if word == "error" else "", _warnings(said)))
    # A text that brings the whole machine down is not judged, and neither are those after it.
    return answers + [Compiled("no answer", ())] * (len(texts) - len(answers))


def _put(folder: Path, text: bytes) -> Path:
    path = folder / f"text_{hashlib.sha1(text).hexdigest()}.ex"
    path.write_bytes(text)
    return path


# What is said of other modules: they may be missing here, or be another version than the one beside this text. Calls
# of the project's own functions are looked at in `used_names`.
_OTHERS = re.compile(
    r"module [\w.:]+ is not available|is not available or is yet to be defined|/\d+ is undefined or private"
)


def _warnings(said: str) -> tuple[str, ...]:
    found = []
    for part in re.split(r"\n(?=warning: )|\A(?=warning: )", said):
        if not part.startswith("warning: "):
            continue
        message = part.removeprefix("warning: ").strip().splitlines()[0]
        if not _OTHERS.search(message):
            found.append(re.sub(r"\s*\(?text\.ex:\d+.*", "", message))
    return tuple(found)
