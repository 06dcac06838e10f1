"""Putting the writes of a function into one transaction, shape by shape."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.proof import HAS_ELIXIR, elixir_verdicts, findings_in, objections

RULE = "phoenix/writes-without-transaction"
PATH = "lib/shop/stock.ex"
REPO = b"""\
defmodule Shop.Repo do
  use Ecto.Repo, otp_app: :shop, adapter: Ecto.Adapters.Postgres
end
"""


def module(body: str) -> str:
    inner = "\n".join("    " + line if line else "" for line in dedent(body).strip("\n").split("\n"))
    return (
        "defmodule Shop.Stock do\n  import Ecto.Query\n\n  alias Shop.Repo\n  alias Shop.Stock.{Item, Move}\n\n"
        f"  def take(item, attrs) do\n{inner}\n  end\nend\n"
    )


def fixed(body: str) -> str | None:
    files = {"lib/shop/repo.ex": REPO, PATH: module(body).encode()}
    _, findings = findings_in(files, PATH)
    own = [finding for finding in findings if finding.rule == RULE]
    assert len(own) == 1
    wrong, after = objections(files, PATH, own[0], own[0].fixes[0])
    assert not wrong, wrong
    return after[PATH].decode() if after is not None else None


NEEDED_AFTERWARDS = """
    move = Repo.insert!(%Move{item_id: item.id})
    item = Repo.update!(Item.changeset(item, %{last_move_id: move.id}))
    broadcast(move)
    %{item | moves: [move]}
    """
NOT_NEEDED_AFTERWARDS = """
    Repo.insert!(%Move{item_id: item.id})
    Repo.update_all(from(i in Item, where: i.id == ^item.id), inc: [left: -1])
    :ok
    """
CASE_WITH_A_BULK_WRITE = """
    case Repo.insert(Move.changeset(%Move{}, attrs)) do
      {:ok, move} ->
        Repo.update_all(from(i in Item, where: i.id == ^move.item_id), inc: [left: -1])
        {:ok, move}

      {:error, %Ecto.Changeset{} = changeset} ->
        {:error, changeset}
    end
    """
PIPED_CASE = """
    item
    |> Item.changeset(attrs)
    |> Repo.update()
    |> case do
      {:ok, item} ->
        move = Repo.insert!(%Move{item_id: item.id})
        {:ok, %{item | moves: [move]}}

      {:error, _changeset} ->
        {:error, :invalid}
    end
    """
HEREDOC = '''
    Repo.update_all(from(i in Item, where: i.id == ^item.id), inc: [left: -1])

    # Why it went.
    Repo.insert!(%Move{
      item_id: item.id,
      note: """
      Taken by hand,
        twice.
      """
    })

    {:ok, item}
    '''
GOOD = [
    NEEDED_AFTERWARDS,
    NOT_NEEDED_AFTERWARDS,
    CASE_WITH_A_BULK_WRITE,
    PIPED_CASE,
    HEREDOC,
]


def test_the_value_of_a_last_write_is_still_returned() -> None:
    text = fixed(
        """
        Repo.update_all(from(i in Item, where: i.id == ^item.id), inc: [left: -1])
        Repo.insert!(%Move{item_id: item.id})
        """
    )
    assert text is not None
    assert "    {:ok, result} =\n      Repo.transaction(fn ->\n" in text
    assert text.endswith("      end)\n\n    result\n  end\nend\n")


def test_what_follows_stays_outside_of_the_transaction() -> None:
    text = fixed(NEEDED_AFTERWARDS)
    assert text is not None
    assert "{:ok, {move, item}} =\n      Repo.transaction(fn ->" in text
    assert "        {move, item}\n      end)\n\n    broadcast(move)\n" in text


def test_a_bulk_write_is_a_step_that_reads_the_one_before() -> None:
    text = fixed(CASE_WITH_A_BULK_WRITE)
    assert text is not None
    assert "|> Multi.update_all(" in text and "fn %{move: move} ->" in text
    assert "{:error, _step, %Ecto.Changeset{} = changeset, _changes} ->" in text


def test_what_a_later_write_made_can_be_used() -> None:
    text = fixed(PIPED_CASE)
    assert text is not None
    assert "{:ok, %{item: item, move: move}} ->\n        {:ok, %{item | moves: [move]}}" in text
    assert "{:error, _step, _changeset, _changes} ->" in text


def test_a_heredoc_moves_as_a_whole() -> None:
    text = fixed(HEREDOC)
    assert text is not None
    assert "        Taken by hand,\n          twice.\n" in text


@pytest.mark.parametrize(
    "body",
    [
        # What a failure means is decided nowhere, or by each result on its own.
        "Repo.update(Item.changeset(item, attrs))\nRepo.insert(%Move{item_id: item.id})",
        """
        case Repo.update(Item.changeset(item, attrs)) do
          {:ok, item} ->
            Repo.insert!(%Move{item_id: item.id})
            {:ok, item}

          other ->
            other
        end
        """,
        """
        with {:ok, item} <- Repo.update(Item.changeset(item, attrs)),
             {:ok, _move} <- Repo.insert(%Move{item_id: item.id}) do
          {:ok, item}
        else
          {:error, changeset} -> {:error, format(changeset)}
        end
        """,
        # The updates depend on the first row: no step can say that.
        """
        case Repo.insert(Move.changeset(%Move{}, attrs)) do
          {:ok, move} ->
            Repo.update_all(Item, inc: [left: move.number])
            {:ok, move}

          {:error, changeset} ->
            {:error, changeset}
        end
        """,
    ],
    ids=["ignored results", "any other result", "with and else", "dependent updates"],
)
def test_what_cannot_be_said_is_not_offered(body: str) -> None:
    assert fixed(body) is None


@pytest.mark.elixir
@pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed")
def test_elixir_finds_the_results_well_formed_and_formatted(tmp_path: Path) -> None:
    texts = []
    for body in GOOD:
        text = fixed(body)
        assert text is not None, body
        texts.append(text.encode())
    originals = [module(body).encode() for body in GOOD]
    assert [v for v in elixir_verdicts(originals, tmp_path / "before") if v[0] != "ok"] == []
    assert [v for v in elixir_verdicts(texts, tmp_path / "after") if v[0] != "ok"] == []
