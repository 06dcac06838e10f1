"""The proof itself is tried on fixes that are wrong by design, one for each thing that it holds against a fix.

A good fix of a real finding is taken and its result spoilt: the proof must say so, and say nothing of the good one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from otpwise_analyzers import bulk
from otpwise_analyzers.findings import Applicability, Change, FileChange, Finding, Fix
from otpwise_analyzers.project.config import Settings
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.source.edits import Edit
from tests import fixproof
from tests.bulkproof import prove_together
from tests.compiling import compile_texts, is_harmless, needs_others
from tests.fixproof import rules_of
from tests.proof import HAS_ELIXIR, elixir_verdicts, findings_in, objections, objections_in, project_of

PATH = "lib/shop/prices.ex"
RULE = "otp/missing-init"
FILES = {
    PATH: dedent(
        """\
        defmodule Shop.Prices do
          @moduledoc "Prices by product."
          use GenServer

          import Shop.Money, only: [rounded: 1]

          alias Shop.Currency

          @places 2

          # The name is the module's, so that there is one.
          def start_link(_opts), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

          @impl true
          def handle_call({:price, product}, _from, prices) do
            price = prices[product]
            {:reply, shown(price), prices}
          end

          defp shown(price), do: {Currency.name(), rounded(price), @places}
        end
        """
    ).encode(),
    "lib/shop/money.ex": b"defmodule Shop.Money do\n  def rounded(price), do: round(price)\nend\n",
    "lib/shop/currency.ex": b'defmodule Shop.Currency do\n  def name, do: "EUR"\n  defp code, do: 978\nend\n',
}


def _finding(files: dict[str, bytes] | None = None) -> Finding:
    _, found = findings_in(files or FILES, PATH)
    return next(finding for finding in found if finding.rule == RULE)


def _good() -> str:
    _, after = objections(FILES, PATH, _finding(), _finding().fixes[0])
    assert after is not None
    return after[PATH].decode()


def _fix(text: str, *more: FileChange) -> Fix:
    """A fix that leaves `text` behind."""

    def build(context: FixContext) -> Change:
        return (FileChange(PATH, (Edit(0, len(FILES[PATH]), text),)), *more)

    return Fix("Spoil it", Applicability.SAFE, build)


def _objections(fix: Fix) -> str:
    wrong, _ = objections(FILES, PATH, _finding(), fix)
    return "; ".join(wrong)


def test_the_good_fix_is_good() -> None:
    wrong, after = objections(FILES, PATH, _finding(), _finding().fixes[0])
    assert wrong == []
    assert after is not None


_INIT = "def init(state), do: {:ok, state}"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (_INIT, "def init(state), do: {:ok, state", "does not parse any more"),
        ("  # The name is the module's, so that there is one.\n", "", "lost the comments"),
        (_INIT, "def init(state), do: {:ok, states}", "uses the variable states, which is nowhere"),
        (_INIT, "def init(state) do\n    table = 1\n    {:ok, state}\n  end", "the variable table is not used"),
        (_INIT, "def init(state), do: {:ok, loaded(state)}", "uses the function loaded/1, which is nowhere"),
        (_INIT, "def init(state), do: {:ok, shown(state, 2)}", "uses the function shown/2, which is nowhere"),
        (_INIT, "def init(state), do: {:ok, state, @timeout}", "uses the attribute @timeout, which is nowhere"),
        (_INIT, "def init(state), do: {:ok, Table.new(state)}", "names the module Table, which is nowhere"),
        (_INIT, "def init(_), do: {:ok, Currency.code()}", "names the function Shop.Currency.code/0"),
        (_INIT, "def init(_), do: {:ok, Currency.name(1)}", "names the function Shop.Currency.name/1"),
        ("  alias Shop.Currency\n\n", "", "names the module Currency, which is nowhere"),
        ("Currency.name()", '"EUR"', "the alias Shop.Currency is not used"),
        ("rounded(price)", "price", "the import Shop.Money is not used"),
        ("@places}", "2}", "the attribute @places is not used"),
        ("shown(price), prices", "price, prices", "the function shown is not used"),
        ("price = prices[product]\n", "prices[product]\n", "uses the variable price, which is nowhere"),
        ("  import Shop.Money, only: [rounded: 1]\n\n", "", "uses the function rounded/1, which is nowhere"),
        (f"\n  @impl true\n  {_INIT}\n", "\n  def more, do: Currency\n", "the finding is still there"),
        (_INIT, f"{_INIT}\n\n  def wait do\n    Task.async(fn -> 1 end)\n    :ok\n  end", "new findings"),
    ],
)  # fmt: skip
def test_a_spoilt_fix_is_caught(old: str, new: str, said: str) -> None:
    text = _good()
    assert text.count(old) == 1
    assert said in _objections(_fix(text.replace(old, new)))


def test_a_fix_that_changes_nothing_is_caught() -> None:
    assert _objections(_fix(FILES[PATH].decode())) == "the fix changes nothing"


def test_a_new_file_declares_what_it_uses() -> None:
    new = FileChange(
        "lib/shop/moved.ex",
        (Edit(0, 0, "defmodule Shop.Moved do\n  def run(conn), do: halt(conn)\n  def other, do: id\nend\n"),),
        create=True,
    )
    said = _objections(_fix(_good(), new))
    assert "lib/shop/moved.ex uses the function halt/1, which is nowhere" in said
    assert "lib/shop/moved.ex uses the variable id, which is nowhere" in said


_APPLICATION = """\
defmodule Shop.Application do
  use Application

  @impl true
  def start(_type, _args) do
    Supervisor.start_link([Shop.Prices, Shop.Stock], strategy: :one_for_one)
  end
end
"""

_STOCK = """\
defmodule Shop.Stock do
  use GenServer

  def start_link(_opts), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)
  def count(product), do: GenServer.call(__MODULE__, {:count, product})

  @impl true
  def init(state), do: {:ok, state}

  @impl true
  def handle_call({:count, product}, _from, state), do: {:reply, state[product], state}
end
"""

_MIX = """\
defmodule Shop.MixProject do
  use Mix.Project

  def project, do: [app: :shop, version: "0.1.0"]
  def application, do: [mod: {Shop.Application, []}]
end
"""


def test_what_a_fix_does_to_files_that_it_does_not_touch_is_seen() -> None:
    """It takes a child out of the supervisor: nobody supervises that any more."""
    supervisor = "lib/shop/application.ex"
    files = {
        **FILES,
        "mix.exs": _MIX.encode(),
        supervisor: _APPLICATION.encode(),
        "lib/shop/stock.ex": _STOCK.encode(),
    }
    project = project_of(files)
    found = {path: findings_in(files, path, project=project)[1] for path in files}
    elsewhere = {path: rules_of(findings) for path, findings in found.items()}
    finding = next(one for one in found[PATH] if one.rule == RULE)
    text = _APPLICATION.replace(", Shop.Stock", "")
    part = FileChange(supervisor, (Edit(0, len(_APPLICATION), text),))
    wrong, _ = objections_in(project, files, PATH, finding, _fix(_good(), part), Settings(), elsewhere)
    assert len(wrong) == 1
    assert wrong[0].startswith("new findings in lib/shop/stock.ex: {'otp/never-supervised': 1")


# -- all fixes together ----------------------------------------------------------------------------


def _together(spoil: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes]) -> str:
    """What is said of a run in which the fix leaves behind what `spoil` makes of its result."""
    offered = bulk.offered

    def spoilt(seen, finding, context, on_failure):  # type: ignore[no-untyped-def]
        for fix, _ in offered(seen, finding, context, on_failure):
            data = seen.document.data.decode()
            yield fix, (FileChange(seen.path, (Edit(0, len(data.encode()), spoil(data)),)),)

    monkeypatch.setattr(bulk, "offered", spoilt)
    allowed = frozenset({Applicability.SAFE})
    run = prove_together(project_of(files), files, Settings(), allowed, in_project=True)
    return "; ".join(run.wrong)


def test_together_the_good_fixes_are_good() -> None:
    allowed = frozenset({Applicability.SAFE})
    run = prove_together(project_of(FILES), FILES, Settings(), allowed, in_project=True)
    assert run.wrong == []
    assert run.applied[RULE] == 1
    assert run.after[RULE] == 0
    assert run.changed == {PATH: _good().encode()}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("use GenServer", "use GenServer(", "does not parse"),
        ("  # The name is the module's, so that there is one.\n", "", "lost the comments"),
        ("Currency.name()", "id", "uses the variable id, which is nowhere"),
        ("Currency.name()", '"EUR"', "the alias Shop.Currency is not used"),
        (
            "defp shown",
            "def wait do\n    Task.async(fn -> 1 end)\n    :ok\n  end\n\n  defp shown",
            "new findings",
        ),
    ],
)
def test_together_a_spoilt_fix_is_caught(
    old: str, new: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoilt = _good().replace(old, new)
    assert said in _together(lambda text: spoilt, monkeypatch, FILES)


def test_together_fixes_that_never_end_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "a second run changes it again" in _together(lambda text: text + "\n", monkeypatch, FILES)


# -- Elixir itself ---------------------------------------------------------------------------------

elixir = pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed")


@pytest.mark.elixir
@elixir
def test_elixir_reads_formats_and_compiles() -> None:
    """Each text is another fault of a fix; the first has none."""
    good = "defmodule Shop.A do\n  def run(a), do: a\nend\n"
    texts = [
        good,
        "defmodule Shop.A do\n  def run(a), do: a +\nend\n",
        "defmodule Shop.A do\n  def run(a),   do: a\nend\n",
        "defmodule Shop.A do\n  def run(a), do: b\nend\n",
        "defmodule Shop.A do\n  def run(a, b), do: a\nend\n",
        "defmodule Shop.A do\n  alias Shop.B\n\n  def run(a), do: a\nend\n",
    ]
    proof = fixproof.Proof()
    for number, text in enumerate(texts):
        proof.results.append(
            fixproof.Result(RULE, str(number), "lib/shop/a.ex", text.encode(), (good.encode(),))
        )
    fixproof.ask_elixir(proof)
    said = {label.partition(" ")[0]: objection for _, label, objection in proof.wrong}
    assert "0" not in said
    assert "Elixir does not read it" in " ".join(o for _, label, o in proof.wrong if label.startswith("1"))
    assert said["2"].startswith("unformatted")
    assert "does not compile any more" in said["3"]
    assert 'the compiler warns: variable "b" is unused' in said["4"]
    assert said["5"] == "the compiler warns: unused alias B"
    assert proof.counts[RULE, "compiled"] == len(texts)


@pytest.mark.elixir
@elixir
def test_what_does_not_compile_to_begin_with_is_not_judged(tmp_path: Path) -> None:
    before, after = b"defmodule A do\n  use Nowhere\nend\n", b"defmodule A do\n  use Nowhere\n  x\nend\n"
    proof = fixproof.Proof()
    proof.results.append(fixproof.Result(RULE, "it", "lib/a.ex", after, (before,)))
    fixproof.ask_elixir(proof)
    assert proof.wrong == []
    assert proof.counts[RULE, "compiled"] == 0
    assert [word for word, _ in elixir_verdicts([after], tmp_path)] == ["ok"]


@pytest.mark.elixir
@elixir
def test_what_the_project_has_is_compiled_before(tmp_path: Path) -> None:
    """A struct of another file, and a `use` of a third; what is missing for good is said."""
    others = {
        "Shop.Item": b"defmodule Shop.Item do\n  use Shop.Base\n  defstruct [:name]\nend\n",
        "Shop.Base": b"defmodule Shop.Base do\n  defmacro __using__(_), do: quote(do: def(base, do: 1))\nend\n",
    }
    text = b"defmodule Shop.A do\n  alias Shop.Item\n  def run, do: {%Item{name: 1}, Item.base()}\nend\n"
    missing = b"defmodule Shop.B do\n  def run, do: %Shop.Other{}\nend\n"
    dies = b"defmodule Shop.C do\n  Process.exit(self(), :kill)\nend\n"
    answers = compile_texts([text, missing, dies, text], tmp_path, others)
    assert [bool(one.error) for one in answers] == [False, True, True, False]
    assert answers[0].warnings == ()
    assert needs_others(answers[1].error)


@pytest.mark.elixir
@elixir
def test_a_module_of_elixirs_own_is_not_replaced(tmp_path: Path) -> None:
    (answer,) = compile_texts([b"defmodule Enum do\nend\n"], tmp_path)
    assert "conflict" in answer.error


def test_what_touches_the_machine_is_not_compiled() -> None:
    assert not is_harmless(b'File.rm_rf!("/")')
    assert is_harmless(FILES[PATH])


# -- the command -----------------------------------------------------------------------------------


def test_projects_inside_of_projects_and_loose_files_are_proven(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fixproof, "HAS_ELIXIR", False)
    for root in ("outer", "outer/examples/inner"):
        for path, data in {"mix.exs": b"# a project\n", **FILES}.items():
            target = tmp_path / root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    (tmp_path / "loose.exs").write_text("IO.puts(1)\n")
    report = tmp_path / "proof.json"
    assert fixproof.main(["--json", str(report), str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "0 objections" in told
    rows = {line.split()[0]: line.split()[1:] for line in told.splitlines() if line.startswith("otp/")}
    assert rows[RULE][:2] == ["2", "2"]
    assert "2 projects changed" in told
    assert '"otp/missing-init"' in report.read_text()


def test_a_wrong_fix_fails_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fixproof, "HAS_ELIXIR", False)
    spoilt = _good().replace("Currency.name()", '"EUR"')
    real = fixproof.check

    def check(file, settings):  # type: ignore[no-untyped-def]
        report = real(file, settings)
        report.findings = [
            replace(finding, fixes=(_fix(spoilt),)) if finding.rule == RULE else finding
            for finding in report.findings
        ]
        return report

    monkeypatch.setattr(fixproof, "check", check)
    for path, data in {"mix.exs": b"# a project\n", **FILES}.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    assert fixproof.main([str(tmp_path)]) == 1
