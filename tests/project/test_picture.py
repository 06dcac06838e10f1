"""The picture of supervision trees: nothing in it but the trees, and nothing that a name could break."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from otpwise_analyzers.project.picture import STYLES, page, picture
from otpwise_analyzers.project.supervision import AppTree, Kind, Node, Place, Unsupervised


def tree() -> AppTree:
    worker = Node(Kind.WORKER, "Shop.Cart<script>", restart="transient", condition='if env == "prod"')
    dynamic = Node(
        Kind.DYNAMIC, "DynamicSupervisor", name="Shop.Carts", strategy="one_for_one", children=[worker]
    )
    worker.is_dynamic = True
    unknown = Node(Kind.UNKNOWN, source="extra_children/1")
    root = Node(Kind.SUPERVISOR, "Shop.Application", strategy="rest_for_one", max_restarts=3, max_seconds=5)
    root.children = [dynamic, unknown]
    root.entry = Place("lib/shop/application.ex", "Shop.Application")
    alone = Unsupervised("Shop.Cache", Node(Kind.WORKER, "Shop.Cache"), ("Shop.Boot",))
    return AppTree("shop", "", "Shop.Application", roots=[root], unsupervised=[alone])


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.classes: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != "script"
        if tag != "meta":
            self.open.append(tag)
        self.classes.extend((dict(attrs).get("class") or "").split())

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data.strip())


def test_every_process_is_there_with_what_it_is() -> None:
    reader = Reader()
    reader.feed(picture([([tree()], lambda place: ' data-place="0"' if place is not None else "")]))
    assert reader.open == []
    texts = " | ".join(reader.texts)
    for text in (
        *("Shop.Application", "rest_for_one · 3 restarts in 5 s", "as Shop.Carts", "Shop.Cart<script>"),
        *("transient", 'if env == "prod"', "? from extra_children/1", "started by hand in Shop.Boot"),
    ):
        assert text in texts
    assert {"supervisor", "dynamic-supervisor", "worker", "unknown", "alone", "dynamic"} <= set(
        reader.classes
    )


def test_a_page_needs_nothing_else() -> None:
    whole = page("Shop & co", [([tree()], lambda place: "")])
    Reader().feed(whole)
    assert "<title>Shop &amp; co</title>" in whole
    assert "default-src 'none'" in whole
    assert not re.search(r"https?://|url\(|<script", whole)


def test_every_class_has_a_style() -> None:
    reader = Reader()
    reader.feed(picture([([tree()], lambda place: "")]))
    for name in set(reader.classes) - {"app", "tree", "note", "key", "node", "when", "dynamic"}:
        assert f".{name} " in STYLES or f".{name}," in STYLES, name
