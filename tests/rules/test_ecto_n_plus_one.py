"""How loud ecto/n-plus-one is, what it names besides, and where it offers which fix."""

from __future__ import annotations

import pytest

from otpwise_analyzers.findings import Applicability, Finding, Level
from otpwise_analyzers.project.config import Settings
from tests.proof import build, findings_in

_REPO = b"defmodule Shop.Repo do\n  use Ecto.Repo, otp_app: :shop, adapter: Ecto.Adapters.Postgres\nend\n"
_USERS = b"""\
defmodule Shop.Users do
  alias Shop.Repo

  def get(id), do: Repo.get(Shop.User, id)
  def all_of(ids), do: Enum.map(ids, &get/1)
  def touch(id), do: Repo.update!(Shop.User.touched(Repo.get(Shop.User, id)))
end
"""


def found(
    body: str,
    module: str = "Shop.Sample",
    uses: str = "",
    name: str = "run",
    path: str = "lib/shop/sample.ex",
    profile: str = "recommended",
    more: dict[str, bytes] | None = None,
) -> list[Finding]:
    code = (
        f"defmodule {module} do\n  {uses}\n  alias Shop.Repo\n  alias Shop.Users\n\n"
        f"  def {name}(list) do\n    {body}\n  end\nend\n"
    )
    files = {path: code.encode(), "lib/shop/repo.ex": _REPO, "lib/shop/users.ex": _USERS, **(more or {})}
    _, findings = findings_in(files, path, Settings(profile=profile))  # type: ignore[arg-type]
    return [finding for finding in findings if finding.rule == "ecto/n-plus-one"]


_READ = "Enum.map(list, fn id -> Repo.get(Shop.User, id) end)"
_HOP = "Enum.map(list, &Users.get(&1))"
_WRITE = "Enum.each(list, &Repo.delete!/1)"


@pytest.mark.parametrize(
    ("module", "uses", "level"),
    [
        ("Shop.Sample", "", Level.INFORMATION),
        ("ShopWeb.SampleController", "use ShopWeb, :controller", Level.WARNING),
        ("ShopWeb.SampleLive", "use ShopWeb, :live_view", Level.WARNING),
        ("ShopWeb.Resolvers.Sample", "", Level.WARNING),
        ("ShopWeb.SampleView", "use ShopWeb, :view", Level.WARNING),
        ("ShopWeb.Plugs.Sample", "@behaviour Plug", Level.INFORMATION),
    ],
)
def test_reads_are_louder_where_a_request_waits(module: str, uses: str, level: Level) -> None:
    assert [finding.level for finding in found(_READ, module, uses)] == [level]


def test_hops_and_writes_are_hints() -> None:
    for body in (_HOP, _WRITE):
        for module, uses in (("Shop.Sample", ""), ("ShopWeb.SampleLive", "use ShopWeb, :live_view")):
            assert [finding.level for finding in found(body, module, uses)] == [Level.HINT]
        assert [finding.level for finding in found(body, profile="strict")] == [Level.INFORMATION]


def test_a_hop_points_at_the_query() -> None:
    (finding,) = found(_HOP)
    assert not finding.fixes
    (related,) = finding.related
    assert related.path == "lib/shop/users.ex"
    assert _USERS[related.span.start : related.span.end] == b"Repo.get(Shop.User, id)"


@pytest.mark.parametrize(
    "body",
    [
        # Two calls away; called for what it writes; once for the whole list.
        "Enum.map(list, fn ids -> Users.all_of(ids) end)",
        "Enum.map(list, &Users.touch/1)",
        "list |> Users.all_of() |> Enum.map(& &1.name)",
        "Enum.map(list, fn id -> Shop.Unknown.get(id) end)",
    ],
)
def test_only_one_call_is_followed(body: str) -> None:
    assert found(body) == []


def test_one_finding_for_a_loop_names_the_others() -> None:
    body = "Enum.map(list, fn id -> {Repo.get(Shop.User, id), Repo.exists?(q(id)), Users.get(id)} end)"
    (finding,) = found(body)
    assert "`Repo.get`" in finding.message
    assert len(finding.related) == 2
    nested = "Enum.map(list, fn id -> Repo.all(q(id)) |> Enum.map(&Repo.preload(&1, :a)) end)"
    assert len(found(nested)) == 2


@pytest.mark.parametrize(
    ("module", "name", "path"),
    [
        ("Shop.Sample", "import_users", "lib/shop/sample.ex"),
        ("Shop.Sample", "backfill", "lib/shop/sample.ex"),
        ("Shop.Sample", "migrate_rows", "lib/shop/sample.ex"),
        ("Shop.Seeder", "run", "lib/shop/sample.ex"),
        ("Shop.Sample", "run", "lib/mix/tasks/sample.ex"),
        ("Shop.Sample", "run", "test/support/sample.ex"),
        ("Shop.Sample", "run", "lib/shop/release.ex"),
    ],
)
def test_what_runs_once_is_left_alone(module: str, name: str, path: str) -> None:
    assert found(_READ, module, name=name, path=path) == []


@pytest.mark.parametrize(
    ("body", "applicability"),
    [
        ("Enum.map(list, &Repo.preload(&1, :posts))", Applicability.SAFE),
        ("for user <- list, do: Repo.preload(user, :posts)", Applicability.SAFE),
        (
            "Enum.each(list, fn user -> u = Repo.preload(user, :a); Repo.update(u.a); Repo.delete(u.b) end)",
            Applicability.UNSAFE,
        ),
        # It depends on the element, its order of evaluation is not known, or the list may be none.
        ("Enum.map(list, &Repo.preload(&1, &1.kind))", None),
        ("Stream.map(list, &Repo.preload(&1, :posts))", None),
        ("list |> MapSet.new() |> Enum.map(&Repo.preload(&1, :posts))", None),
        ("Enum.sort_by(list, &length(Repo.preload(&1, :posts).posts))", None),
        ("Enum.map(list, fn %{user: user} -> Repo.preload(user, :posts) end)", None),
    ],
)
def test_when_a_preload_may_leave_its_loop(body: str, applicability: Applicability | None) -> None:
    (finding,) = found(body)
    assert [fix.applicability for fix in finding.fixes] == ([applicability] if applicability else [])


def test_a_condition_keeps_the_preload_in_the_loop() -> None:
    code = (
        b"defmodule Shop.Sample do\n  alias Shop.Repo\n\n  def run(list) do\n"
        b"    Enum.map(list, fn user ->\n      if user.new, do: user, else: Repo.preload(user, :posts)\n    end)\n"
        b"  end\nend\n"
    )
    files = {"lib/shop/sample.ex": code, "lib/shop/repo.ex": _REPO}
    file, findings = findings_in(files, "lib/shop/sample.ex")
    assert [build(files, file, fix) for fix in findings[0].fixes] == [None]


def test_the_primary_key_is_the_schema_s_own() -> None:
    def fixed(schema: bytes) -> str | None:
        files = {
            "lib/shop/sample.ex": (
                b"defmodule Shop.Sample do\n  import Ecto.Query\n  alias Shop.Repo\n  alias Shop.User\n\n"
                b"  def run(ids), do: Enum.map(ids, &Repo.get(User, &1))\nend\n"
            ),
            "lib/shop/repo.ex": _REPO,
            "lib/shop/user.ex": b'defmodule Shop.User do\n  use Ecto.Schema\n%s\n  schema "users" do\n  end\nend\n'
            % schema,
        }
        file, findings = findings_in(files, "lib/shop/sample.ex")
        change = build(files, file, findings[0].fixes[0])
        return None if change is None else "".join(edit.new for edit in change[0].edits)

    assert "where: u.id in ^ids" in (fixed(b"") or "")
    assert "where: u.uuid in ^ids" in (fixed(b"  @primary_key {:uuid, :binary_id, autogenerate: true}") or "")
    assert fixed(b"  @primary_key false") is None


def test_no_fix_by_key_in_the_web_layer() -> None:
    (finding,) = found(_READ, "ShopWeb.SampleLive", "use ShopWeb, :live_view")
    assert not finding.fixes
