"""Where modules belong by their names, as Elixir and Phoenix projects have it."""

from __future__ import annotations

import pytest

from otpwise_analyzers.project.facts import facts_of
from otpwise_analyzers.project.index import Project
from otpwise_analyzers.project.module_paths import implied_path, layout_of, lies_right, underscored
from otpwise_analyzers.syntax.file import ElixirFile

OURS = frozenset({"myapp", "myappweb"})


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("lib/my_app.ex", "MyApp"),
        ("lib/my_app_web.ex", "MyAppWeb"),
        ("lib/my_app_web/web.ex", "MyAppWeb"),
        ("lib/my_app/accounts.ex", "MyApp.Accounts"),
        ("lib/my_app/accounts/accounts.ex", "MyApp.Accounts"),
        ("lib/my_app/accounts/user_token.ex", "MyApp.Accounts.UserToken"),
        ("lib/my_app/accounts/schemas/user.ex", "MyApp.Accounts.User"),
        ("lib/my_app/workers/cache_warmer.ex", "MyApp.CacheWarmer"),
        ("lib/my_app/mailers/user_notifier.ex", "MyApp.Mailers.UserNotifier"),
        ("lib/my_app_web/controllers/page_controller.ex", "MyAppWeb.PageController"),
        ("lib/my_app_web/controllers/error_html.ex", "MyAppWeb.ErrorHTML"),
        ("lib/my_app_web/controllers/api/v2.1/user_json.ex", "MyAppWeb.API.V2x1.UserJSON"),
        ("lib/my_app_web/live/user_live/index.ex", "MyAppWeb.UserLive.Index"),
        ("lib/my_app_web/live/rooms/show.ex", "MyAppWeb.RoomsLive.Show"),
        ("lib/my_app_web/channels/room.ex", "MyAppWeb.RoomChannel"),
        ("lib/my_app_web/channels/user_socket.ex", "MyAppWeb.UserSocket"),
        ("lib/my_app_web/plugs/auth.ex", "MyAppWeb.Plugs.Auth"),
        ("lib/my_app_web/plugs/auth.ex", "MyAppWeb.Auth"),
        ("lib/my_app_web/components/layouts.ex", "MyAppWeb.Layouts"),
        ("lib/my_app_web/views/page_view.ex", "MyAppWeb.PageView"),
        ("lib/my_app/http_client.ex", "MyApp.HTTPClient"),
        ("lib/my_app/httpclient.ex", "MyApp.HTTPClient"),
        ("lib/my_app/s3_bucket.ex", "MyApp.S3Bucket"),
        ("lib/my_app/document_state_enum.ex", "MyApp.Document.State"),
        ("apps/shop/lib/shop/cart.ex", "Shop.Cart"),
        ("apps/shop_web/lib/controllers/cart_controller.ex", "ShopWeb.CartController"),
        ("lib/accounts/user.ex", "MyApp.Accounts.User"),
        ("test/support/conn_case.ex", "Anything"),
    ],
)
def test_lies_right(path: str, module: str) -> None:
    assert lies_right(path, module, OURS)


@pytest.mark.parametrize(
    ("path", "module", "implied"),
    [
        ("lib/my_app/accounts/usr.ex", "MyApp.Accounts.User", "lib/my_app/accounts/user.ex"),
        ("lib/my_app/accounts/users.ex", "MyApp.Accounts.User", "lib/my_app/accounts/user.ex"),
        ("lib/my_app/user.ex", "MyApp.Accounts.User", "lib/my_app/accounts/user.ex"),
        ("lib/my_app/shop/user.ex", "MyApp.Accounts.User", "lib/my_app/accounts/user.ex"),
        ("lib/my_app/accounts/user.ex", "MyApp.Accounts.UserToken", "lib/my_app/accounts/user_token.ex"),
        ("lib/my_app_web/prom.ex", "MyApp.Prom", "lib/my_app/prom.ex"),
        ("lib/my_app_web/live/room.ex", "MyAppWeb.ThreadLive", "lib/my_app_web/live/thread_live.ex"),
        ("apps/shop/lib/shop/chart.ex", "Shop.Cart", "apps/shop/lib/shop/cart.ex"),
    ],
)
def test_lies_elsewhere(path: str, module: str, implied: str) -> None:
    namespaces = OURS | {"shop"}
    assert not lies_right(path, module, namespaces)
    assert implied_path(path, module, namespaces) == implied


def test_names_of_files_are_those_of_macro_underscore() -> None:
    names = {"HTTPClient": "http_client", "UserToken": "user_token", "OAuth2": "o_auth2", "V2x1": "v2x1"}
    assert {name: underscored(name) for name in names} == names


def test_a_project_with_another_layout_is_left_alone() -> None:
    files = {f"lib/my_app/part_{n}.ex": [f"MyApp.Thing{chr(65 + n)}"] for n in range(4)}
    assert not layout_of(files, ["my_app"]).is_followed
    right = {f"lib/my_app/thing_{chr(97 + n)}.ex": [f"MyApp.Thing{chr(65 + n)}"] for n in range(20)}
    assert layout_of({**files, **right}, ["my_app"]).is_followed
    assert layout_of(dict(list(files.items())[:2]), ["my_app"]).is_followed, "two are no custom"


def test_only_names_of_modules_change_the_layout() -> None:
    def facts(text: str) -> object:
        return facts_of(ElixirFile("lib/my_app/b.ex", text.encode()))

    project = Project([facts("defmodule MyApp.B do\nend\n")])  # type: ignore[list-item]
    assert project.view("lib/my_app/a.ex").layout.namespaces == {"myapp"}
    again = facts("defmodule MyApp.B do\n  def b, do: 1\nend\n")
    assert ("layout",) not in project.update("lib/my_app/b.ex", again)  # type: ignore[arg-type]
    renamed = facts("defmodule MyApp.C do\nend\n")
    assert ("layout",) in project.update("lib/my_app/b.ex", renamed)  # type: ignore[arg-type]
