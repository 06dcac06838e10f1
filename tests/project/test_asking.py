"""Who asks a module for something, as the index tells it."""

from __future__ import annotations

from otpwise_analyzers.project.asking import Asking, asking_of
from otpwise_analyzers.project.facts import facts_of
from otpwise_analyzers.project.index import Project
from otpwise_analyzers.syntax.file import ElixirFile

_PAGE = b"""\
defmodule ShopWeb.Page do
  alias Shop.Cache
  alias Shop.{Repo, Rates}

  def a(id), do: {Cache.get(id), Shop.Cache.get(id), Map.get(%{}, id), Repo.get(Shop.User, id)}
  def b(id), do: id |> Rates.fetch() |> Keyword.get(:rate)
  def get(cache, id), do: {cache.get(id), Cache.put(id, 1), &Rates.fetch/1}
end
"""


def _facts(path: str, text: bytes):  # type: ignore[no-untyped-def]
    return facts_of(ElixirFile(path, text))


def test_reads_of_other_modules_are_named_once() -> None:
    assert asking_of(ElixirFile("lib/page.ex", _PAGE)) == (
        Asking("ShopWeb.Page", "Shop.Cache", "get"),
        Asking("ShopWeb.Page", "Shop.Rates", "fetch"),
    )


def test_only_those_who_asked_about_the_module_are_affected() -> None:
    project = Project([_facts("lib/page.ex", _PAGE), _facts("test/page_test.exs", _PAGE)])
    cache, other = project.view("lib/cache.ex"), project.view("lib/other.ex")
    assert cache.askers_of("Shop.Cache", "get") == ("ShopWeb.Page",)
    assert cache.askers_of("Shop.Cache", "put") == ()
    assert other.askers_of("Shop.Other", "get") == ()
    moved = _PAGE.replace(b"  def a(", b"\n\n  def aa(")
    assert project.affected(project.update("lib/page.ex", _facts("lib/page.ex", moved))) == []
    without = _PAGE.replace(b"Cache.get", b"Cache.renew")
    assert project.affected(project.update("lib/page.ex", _facts("lib/page.ex", without))) == ["lib/cache.ex"]
    assert project.view("lib/cache.ex").askers_of("Shop.Cache", "get") == ()
