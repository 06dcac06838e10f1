"""Templates from end to end: what is found in them, where, and how it is silenced."""

from __future__ import annotations

import pytest

from otpwise_analyzers import engine, suppressions
from otpwise_analyzers.findings import Finding, Level
from otpwise_analyzers.project.config import Settings
from otpwise_analyzers.source.edits import apply
from tests.proof import findings_in

REPO_IN_WEB = "phoenix/repo-in-web"
OWNER = {
    "lib/shop/repo.ex": b"defmodule Shop.Repo do\n  use Ecto.Repo, otp_app: :shop\nend\n",
    "lib/shop_web/page_html.ex": (
        b"defmodule ShopWeb.PageHTML do\n  use ShopWeb, :html\n  alias Shop.Repo\n"
        b'  embed_templates "page_html/*"\nend\n'
    ),
}
PATH = "lib/shop_web/page_html/index.html.heex"


def found(text: str | bytes, path: str = PATH, settings: Settings | None = None) -> list[Finding]:
    data = text.encode() if isinstance(text, str) else text
    return findings_in({**OWNER, path: data}, path, settings)[1]


def places(text: str, path: str = PATH) -> list[tuple[str, str]]:
    data = text.encode()
    return [
        (finding.rule, data[finding.span.start : finding.span.end].decode()) for finding in found(data, path)
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("<p>{Repo.one(A)}</p>", "Repo.one(A)"),
        ("<p>ü{A |> Repo.one()}</p>\r\n", "Repo.one()"),
        ("<%= for a <- Repo.all(A) do %><%= a %><% end %>", "Repo.all(A)"),
        ("<p :for={a <- Repo.all(A)} class={a.b}>{a}</p>", "Repo.all(A)"),
        ("<p\n  class={Repo.get(A, @id).name}\n>b</p>", "Repo.get(A, @id)"),
        ("<script>let a = <%= Repo.one(A) %></script>", "Repo.one(A)"),
        ("<.a>{if @b do Repo.one(A) end}</.a>", "Repo.one(A)"),
    ],
)
def test_a_query_in_a_template_is_a_warning_where_it_stands(text: str, place: str) -> None:
    assert places(text) == [(REPO_IN_WEB, place)]
    assert found(text)[0].level is Level.WARNING
    assert found(text)[0].fixes == ()


@pytest.mark.parametrize(
    "text",
    [
        *("<p>Repo.one(A)</p>", "<%# Repo.one(A) %>", "<%!-- {Repo.one(A)} --%>", "<!-- {Repo.one(A)} -->"),
        *('<p title="{Repo.one(A)}"></p>', "<script>{Repo.one(A)}</script>", "<%% Repo.one(A) %>"),
        *("<p phx-no-curly-interpolation>{Repo.one(A)}</p>", "<p>{@repo.one(A)}{repo_one(A)}</p>"),
        # Not sure what it is: the expression does not parse.
        *("<%= x( Repo.one(A) %>", "{Repo.one(A) x y}", "<%= Repo.one(A "),
    ],
)
def test_what_is_no_query(text: str) -> None:
    assert places(text) == []


def test_one_finding_a_template_with_the_others_beside_it() -> None:
    (finding,) = found("{Repo.one(A)}\n{Repo.one(B)}\n")
    assert len(finding.related) == 1 and "index.html.heex" in finding.message


def test_braces_are_code_in_heex_alone() -> None:
    text = "{Shop.Repo.one(A)}"
    assert places(text, "lib/shop_web/a.html.heex")
    for name in ("a.html.eex", "a.html.leex", "a.text.eex"):
        assert places(text, f"lib/shop_web/{name}") == []
        assert places(f"<%= {text[1:-1]} %>", f"lib/shop_web/{name}")


def test_without_an_owner_only_names_in_full_count() -> None:
    text = "{Repo.one(A)}{Shop.Repo.one(B)}"
    assert places(text, "lib/shop_web/other.html.heex") == [(REPO_IN_WEB, "Shop.Repo.one(B)")]


def test_tests_and_scripts_are_left_alone() -> None:
    assert places("{Shop.Repo.one(A)}", "test/support/a.html.heex") == []


def test_a_sigil_is_judged_in_its_module() -> None:
    text = (
        'defmodule ShopWeb.Parts do\n  use ShopWeb, :html\n  alias Shop.Repo\n\n  def part(assigns) do\n    ~H"""\n'
        '    <p :if={@a}>{Repo.one(A)}</p>\n    """\n  end\n\n  def other(assigns), do: ~H"{a}"\nend\n'
    )
    (finding,) = found(text, "lib/shop_web/parts.ex")
    assert finding.rule == REPO_IN_WEB and "`ShopWeb.Parts.part/1`" in finding.message
    silenced = text.replace("    <p :if", f"    <%!-- otpwise:ignore {REPO_IN_WEB} -- why --%>\n    <p :if")
    assert found(silenced, "lib/shop_web/parts.ex") == []


@pytest.mark.parametrize(
    "comment",
    [
        "<%!-- otpwise:ignore phoenix/repo-in-web -- why --%>\n",
        "<%# otpwise:ignore phoenix/repo-in-web %>\n",
        "<% # otpwise:ignore phoenix -- why %>\n",
        "<%!-- otpwise:ignore-file phoenix/repo-in-web --%>\n<p></p>\n",
    ],
)
def test_comments_silence(comment: str) -> None:
    assert found(f"{comment}<p>{{Repo.one(A)}}</p>") == []


def test_a_comment_above_a_tag_is_for_all_of_its_lines() -> None:
    tag = "<p\n  id={@id}\n  class={Repo.one(A)}\n>"
    comment = "<%!-- otpwise:ignore phoenix/repo-in-web --%>\n"
    assert found(comment + tag) == []
    assert [f.rule for f in found(f"{comment}<p></p>\n{tag}")] == ["suppression/unused", REPO_IN_WEB]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("<p>\n  {Repo.one(A)}\n</p>\n", PATH),
        ("<p\n  id={@id}\n  class={Repo.one(A)}\n>\n", PATH),
        ("<p\n  id={@id}><b\n  class={Repo.one(A)}\n>\n", PATH),
        ("<p>\r\n  <%=\r\n    Shop.Repo.one(A)\r\n  %>\r\n</p>\r\n", "lib/shop_web/a.html.eex"),
        (
            'defmodule ShopWeb.P do\n  def p(assigns) do\n    ~H"""\n    <p\n      id={Shop.Repo.one(A)}\n    />\n    """\n  end\nend\n',
            "lib/shop_web/p.ex",
        ),
    ],
)
def test_what_silences_a_finding_stands_where_a_comment_may(text: str, path: str) -> None:
    files = {**OWNER, path: text.encode()}
    file, (finding,) = findings_in(files, path)
    for edit in (
        suppressions.insertion(file, finding.span.start, finding.rule),
        suppressions.file_insertion(file, finding.rule),
    ):
        after = apply(files[path], [edit])
        silenced, left = findings_in({**files, path: after}, path)
        assert left == [], after.decode()
        assert not silenced.error_spans
        assert after.count(b"\n") == text.encode().count(b"\n") + 1


def test_a_comment_that_silences_nothing_is_named_and_goes_only_when_it_is_alone() -> None:
    for line, fixes in (("", 1), (" <p>b</p>", 0)):
        (finding,) = found(f"<p></p>\n<%!-- otpwise:ignore phoenix/repo-in-web --%>{line}\n<p>a</p>\n")
        assert finding.rule == "suppression/unused" and len(finding.fixes) == fixes
    (finding,) = found("<%# otpwise:ignore phoenix/repo-in-wbe %>\n")
    assert finding.rule == "suppression/unknown-rule" and "repo-in-web" in finding.message
    assert finding.message.count("`phoenix/repo-in-wbe`") == 1


def test_a_template_without_a_needle_is_not_even_masked() -> None:
    file, findings = findings_in({PATH: b"<p>{@name}</p>"}, PATH)
    assert findings == [] and "masked" not in vars(file)
    assert not engine.dispatch_for(Settings()).wants(file)
