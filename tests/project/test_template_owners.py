"""Which module a template is compiled into, and what names mean there."""

from __future__ import annotations

from textwrap import dedent

import pytest

from otpwise_analyzers.project.facts import facts_of
from otpwise_analyzers.project.index import Project
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.languages import open_file

FILES = {
    "lib/shop_web.ex": """
        defmodule ShopWeb do
          def html do
            quote do
              use Phoenix.Component
              alias ShopWeb.Router.Helpers, as: Routes
            end
          end

          def view do
            quote do
              use Phoenix.View, root: "lib/shop_web/templates", namespace: ShopWeb
            end
          end
        end
        """,
    "lib/shop_web/controllers/page_html.ex": """
        defmodule ShopWeb.PageHTML do
          use ShopWeb, :html
          alias Shop.{Repo, Orders}
          embed_templates "page_html/*"
        end
        """,
    "lib/shop_web/components/layouts.ex": """
        defmodule ShopWeb.Layouts do
          use ShopWeb, :html
          embed_templates "layouts/*.html", root: "lib/shop_web/components"
        end
        """,
    "lib/shop_web/live/cart_live/index.ex": """
        defmodule ShopWeb.CartLive.Index do
          use Phoenix.LiveView
          alias Shop.Carts
        end
        """,
    "lib/shop_web/views/admin/user_view.ex": """
        defmodule ShopWeb.Admin.UserView do
          use ShopWeb, :view
          alias Shop.Accounts, as: People
        end
        """,
    "lib/shop_web/views/user_view.ex": "defmodule ShopWeb.UserView do\n  use ShopWeb, :view\nend\n",
    "lib/other_web/views/user_view.ex": "defmodule OtherWeb.UserView do\n  use OtherWeb, :view\nend\n",
}


def project(files: dict[str, str] = FILES) -> Project:
    return Project(facts_of(ElixirFile(path, dedent(text).encode())) for path, text in files.items())


@pytest.mark.parametrize(
    ("template", "owner"),
    [
        ("lib/shop_web/controllers/page_html/index.html.heex", "ShopWeb.PageHTML"),
        ("lib/shop_web/controllers/page_html/parts/index.html.heex", None),
        ("lib/shop_web/controllers/other_html/index.html.heex", None),
        ("lib/shop_web/components/layouts/root.html.heex", "ShopWeb.Layouts"),
        ("lib/shop_web/live/cart_live/index.html.heex", "ShopWeb.CartLive.Index"),
        ("lib/shop_web/live/cart_live/show.html.heex", None),
        ("lib/shop_web/templates/admin/user/show.html.eex", "ShopWeb.Admin.UserView"),
        ("lib/shop_web/templates/user/show.html.eex", "ShopWeb.UserView"),
        ("lib/other_web/templates/user/show.html.leex", "OtherWeb.UserView"),
        ("lib/shop_web/templates/page/show.html.eex", None),
        ("index.html.heex", None),
    ],
)
def test_the_owner_of_a_template(template: str, owner: str | None) -> None:
    scope = project().view(template).template_scope(template)
    assert (scope.module if scope is not None else None) == owner


@pytest.mark.parametrize(
    ("template", "written", "full"),
    [
        ("lib/shop_web/controllers/page_html/index.html.heex", "Repo", "Shop.Repo"),
        ("lib/shop_web/controllers/page_html/index.html.heex", "Orders.Order", "Shop.Orders.Order"),
        ("lib/shop_web/controllers/page_html/index.html.heex", "Routes", "ShopWeb.Router.Helpers"),
        ("lib/shop_web/controllers/page_html/index.html.heex", "Other", "Other"),
        ("lib/shop_web/live/cart_live/index.html.heex", "Carts", "Shop.Carts"),
        ("lib/shop_web/templates/admin/user/show.html.eex", "People", "Shop.Accounts"),
        ("lib/shop_web/templates/user/show.html.eex", "People", "People"),
        ("lib/shop_web/templates/page/show.html.eex", "Repo", "Repo"),
    ],
)
def test_names_mean_what_they_mean_in_the_owner(template: str, written: str, full: str) -> None:
    text = f"<%= {written}.call() %>".encode()
    file = open_file(template, text, project=project().view(template))
    assert file.names and [call.module for call in file.calls("call")] == [full]  # type: ignore[attr-defined]


def test_a_change_of_the_owner_reaches_the_template() -> None:
    path, owner = (
        "lib/shop_web/controllers/page_html/index.html.heex",
        "lib/shop_web/controllers/page_html.ex",
    )
    whole = project()
    view = whole.view(path)
    assert view.template_scope(path) is not None
    text = dedent(FILES[owner]).replace("Shop.{Repo, Orders}", "Shop.Other.Repo")
    assert path in whole.affected(whole.update(owner, facts_of(ElixirFile(owner, text.encode()))))
    scope = whole.view(path).template_scope(path)
    assert scope is not None and scope.aliases["Repo"] == "Shop.Other.Repo"


def test_templates_have_no_facts_of_their_own() -> None:
    assert facts_of(open_file("a.html.heex", b"{Repo.all(A)}")).modules == ()
