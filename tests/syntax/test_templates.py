"""What of a template is Elixir, and where."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.parser import parse
from otpwise_analyzers.syntax.template_file import EexFile, HeexFile, TemplateFile
from otpwise_analyzers.syntax.templates import Engine, comments_in, mask


def code(text: str, engine: Engine = Engine.HEEX) -> str:
    """The code of a template, runs of blanks and empty lines left out."""
    masked = mask(text.encode(), engine).code
    assert len(masked) == len(text.encode())
    assert [m.start() for m in re.finditer(rb"\n", masked)] == [
        m.start() for m in re.finditer(rb"\n", text.encode())
    ]
    lines = [" ".join(line.split()) for line in masked.decode().split("\n")]
    return "\n".join(line for line in lines if line.strip("#"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>Hello</p>", ""),
        ("<p><%= @name %></p>", "@name"),
        ("<%= a %> and <%= b %>", "a ; b"),
        ("<p>{@name}</p>", "@name"),
        ('<p class={@class} id={"a-#{@id}"} {@rest}>{@x}</p>', '@class; "a-#{@id}"; @rest; @x'),
        ("<li :for={x <- @xs} :if={x.on?}>{x.name}</li>", "x <- @xs; x.on?; x.name"),
        ('<button phx-click={JS.push("a") |> JS.hide()}>', 'JS.push("a") |> JS.hide()'),
        ("<.table rows={@rows}><:col :let={row}>{row.a}</:col></.table>", "@rows; row; row.a"),
        ("<.live_component module={M} opts={%{a: %{b: 1}}} />", "M; %{a: %{b: 1}}"),
        ("<p title=\"{plain}\" alt='{plain}'>{code}</p>", "code"),
        ('{"#{if true, do: "}" |> x("{")}"}', '"#{if true, do: "}" |> x("{")}"'),
        # Comments, and what looks like code.
        ("<%# a %><%!-- b <%= c %> --%><% # d %><%= e # f %>", "e"),
        ('<%= "# #{x}" # y %><%= ~s(# "#{x}") %>', '"# #{x}" ; ~s(# "#{x}")'),
        ("<%= ?# %><%= x %>", "?# ; x"),
        ("<!-- {a} <%= b %> -->{c}", "b ; c"),
        ("<%% a %> {b}", "b"),
        ("<!DOCTYPE html {a}>{b}", "b"),
        ("<script nonce={@nonce}>if (a < b) { c }</script>{d}", "@nonce; d"),
        ("<script>x = <%= raw(@json) %>; {y}</script>", "raw(@json)"),
        ("<style>p { color: red }</style>{d}", "d"),
        ("<pre phx-no-curly-interpolation>{a}<b>{c}</b><br>{<%= d %>}</pre>{e}", "d ; e"),
        ("<p>{ {a} <b class={c}></p>", "a; c"),
        # Umlauts and other bytes beyond ASCII.
        ("<p>Grüße 🎉 {@name} – ü</p>", "@name"),
        ('<%= "Grüße" %>', '"Grüße"'),
    ],
)
def test_heex(text: str, expected: str) -> None:
    assert code(text) == expected
    assert not parse(mask(text.encode(), Engine.HEEX).code).root_node.has_error


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{a} <%= b %> {c: <%= d %>}", "b ; d"),
        ('<a href="<%= x("1") %>" <%= if y, do: "z" %>>', 'x("1") ; if y, do: "z"'),
        ("<%= if a do %>b<% else %>c<% end %>", "if a do else end"),
        ("<%= if a do %><%= b %><% end %><%= c %>", "if a do b end ; c"),
        ("<%= for x <- xs do %><li><%= x %></li><% end %>", "for x <- xs do x end"),
        ("<%= case x do %><% :a -> %>b<% :c -> %><%= d %><% end %>", 'case x do :a -> "" ; :c -> d end'),
        ("<%= cond do %>\n<% a -> %>\nb\n<% true -> %>\nc\n<% end %>", 'cond do\na -> ""\n; true ->\nend'),
        (
            "<%= form_for x, fn f -> %><%= a f, :b %><%= c f %><% end %>",
            "form_for x, fn f -> a f, :b ; c f end",
        ),
        ("<%= Enum.map(xs, fn x -> %><%= x %><% end) %>", "Enum.map(xs, fn x -> x end)"),
        (
            "<%= with {:ok, a} <- b do %>c<% else %><% _ -> %>d<% end %>",
            "with {:ok, a} <- b do else _ -> end",
        ),
        ("<%=\n  a(\n    b\n  )\n%>\n<%= c %>", "a(\nb\n)\nc"),
        ("<%= a %>\r\n<%= b %>\r\n", "a\nb"),
        ("<%| a %><%/ b %>", "a ; b"),
    ],
)
def test_eex(text: str, expected: str) -> None:
    assert code(text, Engine.EEX).replace("\r", "") == expected
    assert not parse(mask(text.encode(), Engine.EEX).code).root_node.has_error


@pytest.mark.parametrize(
    "text",
    [
        *("{", "{a", "<%", "<%=", "<%= a", "<p {", '<p class="', "<p class={a", "<!--", "<%!--", "<%#"),
        *("<script>", "}", "%>", "<", "</", "<.", "{<%= a %>}", "<% } %>", '{"}"}', '<%= "#{ %>', "?", "~s("),
    ],
)
def test_unfinished_templates_never_fail(text: str) -> None:
    for engine in Engine:
        assert len(mask(text.encode(), engine).code) == len(text)


@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    "{",
                    "}",
                    "<%",
                    "<%=",
                    "%>",
                    "<!--",
                    "-->",
                    "<%#",
                    "<%!--",
                    "--%>",
                    "<p",
                    ">",
                    "/>",
                    '"',
                    "'",
                ),
                *(
                    "<script>",
                    "</script>",
                    "</p>",
                    "a",
                    " ",
                    "\n",
                    "\r\n",
                    "do",
                    "end",
                    "->",
                    "fn",
                    "#",
                    "#{",
                    "ü",
                ),
                *("=", "\\", "~s(", "?", "x", "phx-no-curly-interpolation", '"""', "%%"),
            ]
        ),
        max_size=60,
    )
)
@settings(max_examples=300, deadline=None)
def test_any_text_keeps_its_length_and_lines(parts: list[str]) -> None:
    text = "".join(parts).encode()
    for engine in Engine:
        masked = mask(text, engine)
        assert len(masked.code) == len(text)
        newlines = [i for i, byte in enumerate(text) if byte in b"\r\n"]
        assert [i for i, byte in enumerate(masked.code) if byte in b"\r\n"] == newlines
        for place in (*masked.comments, *masked.wide):
            assert 0 <= place.start <= place.end <= len(text)


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "{",
            "<%",
            "<a ",
            "<%= ",
            '"{',
            "<a x='",
            "<script>",
            "{<%",
            "<!--",
            "}",
            '{"',
            "<a {",
            "~",
            "<% #{ %>",
        ),
        *("<%= # %>\n", "<p>text</p>\n", "<%= a %>", "{a}\n", "<a phx-no-curly-interpolation>", '<%= "#{ %>'),
    ],
)
def test_the_time_grows_with_the_length(unit: str) -> None:
    """Of whatever there is much, it is read once; the parser's time is included."""
    text = (unit * (200_000 // len(unit))).encode()
    start = time.process_time()
    for engine in Engine:
        parse(mask(text, engine).code)
    assert time.process_time() - start < 8


def test_a_template_without_an_end_keeps_what_is_an_expression_by_itself() -> None:
    file = HeexFile("a.html.heex", b"<%= if @a do %>{Repo.all(A)}<%= for b <- c do %>")
    assert not file.error_spans
    assert [call.name for call in file.calls("all", "if", "for")] == ["all"]
    assert HeexFile("a.html.heex", b"<p>{a b (}</p> {]}").data.strip() == b""


def test_calls_stand_where_the_template_has_them() -> None:
    text = "<ü>\n  {Repo.all(A)}\n  <%= Repo.one(B) %>"
    for file in (HeexFile("a.heex", text.encode()), EexFile("a.eex", text.encode())):
        for call in file.calls("all", "one"):
            written = file.source[call.node.start_byte : call.node.end_byte]
            assert written == file.text(call.node).encode() and written.startswith(b"Repo.")


def _module(body: str) -> TemplateFile | None:
    text = f"defmodule A do\n  alias B.Repo\n\n  def a(assigns) do\n{body}\n  end\nend\n"
    return ElixirFile("lib/a.ex", text.encode()).templates


def test_the_sigils_of_a_module_are_code_within_it() -> None:
    templates = _module('    ~H"""\n    <p :if={@b}>{Repo.get(C, @id)}</p>\n    """')
    assert templates is not None and not templates.error_spans
    (call,) = templates.calls("get")
    assert call.module == "B.Repo"
    assert call.definition is not None and call.definition.name == "a"
    assert templates.region_at(call.node.start_byte) == templates.regions[0]


@pytest.mark.parametrize(
    "body",
    [
        "    ~H|<p>{Repo.one(A)}</p>|",
        "    x = ~H[{Repo.one(A)}]\n    {:ok, x}",
        '    ~L"<%= Repo.one(A) %>"',
        '    f ~E"<%= if a do %>{no}<%= Repo.one(A) %><% end %>", 1',
        '    ~H"""\n    {Repo.one(A)}\n\n    text\n    """noformat',
        '    if a do\n      ~H"{Repo.one(A)}"\n    else\n      ~H"<br>"\n    end',
    ],
)
def test_sigils_in_all_their_forms(body: str) -> None:
    templates = _module(body)
    assert templates is not None and not templates.error_spans
    assert [call.module for call in templates.calls("one")] == ["B.Repo"]


def test_what_is_no_template() -> None:
    assert _module('    ~s"{Repo.one(A)}"') is None
    assert _module('    # ~H"{Repo.one(A)}"') is None
    assert _module('    "~H[{Repo.one(A)}]"') is None


def test_comments_and_wide_tags_have_their_places() -> None:
    text = b"<%# a %>\n<p\n  class={b}\n>\n<%= c # d\n%>\n<%!-- e --%>"
    masked = mask(text, Engine.HEEX)
    assert [text[span.start : span.end] for span in masked.comments] == [b"<%# a %>", b"# d", b"<%!-- e --%>"]
    assert [text[span.start : span.end] for span in masked.wide] == [b"<p\n  class={b}\n>", b"<%= c # d\n"]
    assert mask(b"<p>\n</p>", Engine.HEEX).wide == ()
    assert Span(0, 8) in masked.comments


def test_comments_in_code() -> None:
    text = b'a # b\n"# #{c # d\n}" # e'
    assert [text[start:end] for start, end in comments_in(text)] == [b"# b", b"# d", b"# e"]
