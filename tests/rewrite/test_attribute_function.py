"""An attribute becomes a function only where a function can stand."""

from __future__ import annotations

from tests.proof import build, findings_in


def _fixes(code: str) -> list[bool]:
    files = {"lib/shop/images.ex": code.encode()}
    file, findings = findings_in(files, "lib/shop/images.ex")
    (finding,) = [one for one in findings if one.rule == "config/app-env-in-module-body"]
    late = [fix for fix in finding.fixes if "function" in fix.title]
    return [build(files, file, fix) is not None for fix in late]


def test_a_call_of_the_attribute_is_rewritten() -> None:
    code = """\
defmodule Shop.Images do
  @store Application.get_env(:shop, :store)

  def put(image), do: @store.put(image)
end
"""
    assert _fixes(code) == [True]


def test_a_module_named_through_the_attribute_is_left_alone() -> None:
    """`store().Url` is no module's name: that is put together while the module compiles."""
    code = """\
defmodule Shop.Images do
  @store Application.get_env(:shop, :store)

  def url(image), do: @store.Url.of(image)
end
"""
    assert _fixes(code) in ([], [False])
