from __future__ import annotations

import pytest

from otpwise_analyzers.project import places


@pytest.mark.parametrize(
    "path",
    [
        "test/my_app/cache_test.exs",
        "test/support/conn_case.ex",
        "apps/shop/test/support/fixtures.ex",
        "lib/my_app/factory.ex",
        "lib/my_app/user_factory.ex",
        "lib/my_app/http_mock.ex",
        "lib/mix/tasks/import.ex",
        "priv/repo/seeds.exs",
        "priv/repo/migrations/20240101_create.exs",
        "lib/my_app/release.ex",
        "lib/my_app/release_tasks.ex",
        "lib/my_app/seeds/users.ex",
        "bench/insert.exs",
        "rel/overlays/check.ex",
    ],
)
def test_is_no_production_code(path: str) -> None:
    assert not places.is_production_code(path)


@pytest.mark.parametrize(
    "path",
    [
        "lib/my_app/cache.ex",
        "lib/my_app_web/controllers/release_controller.ex",
        "lib/my_app/tests/question.ex",
        "lib/my_app/examples/example.ex",
        "lib/my_app/latest.ex",
        "apps/shop/lib/shop/orders.ex",
        "web/controllers/page_controller.ex",
        "lib/my_app/repo.ex",
    ],
)
def test_is_production_code(path: str) -> None:
    assert places.is_production_code(path)


def test_kinds() -> None:
    assert places.is_config("config/runtime.exs") and places.is_config("apps/shop/config/dev.exs")
    assert not places.is_config("lib/my_app/config/loader.ex")
    assert places.is_migration("apps/shop/priv/repo/migrations/1_a.exs")
    assert places.is_mix_task("lib/mix/tasks/my_app.import.ex")
