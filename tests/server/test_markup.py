"""Markdown for those who show none."""

from __future__ import annotations

from otpwise_server.markup import plain_text


def test_marks_go_and_addresses_and_code_stay() -> None:
    markdown = (
        "**Why.** `a` [the page](https://x.org/a_(b)) ok\n\n```elixir\ndef a, do: %{}\n\n**kept**\n```\n\nend"
    )
    assert plain_text("**Why.** [p](https://x.org/a) · [q](https://x.org/b)") == (
        "Why. p: https://x.org/a · q: https://x.org/b"
    )
    assert "    def a, do: %{}\n\n    **kept**\n\nend" in plain_text(markdown)
