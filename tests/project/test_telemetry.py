"""What the index knows of telemetry: handlers, and the dashboards that a release has."""

from __future__ import annotations

import pytest

from otpwise_analyzers.project.telemetry import Dashboard
from tests.proof import project_of


def router(condition: str | None) -> bytes:
    mounted = 'live_dashboard "/dashboard", metrics: MyAppWeb.Telemetry'
    body = mounted if condition is None else f"if {condition} do\n    {mounted}\n  end"
    return f"defmodule MyAppWeb.Router do\n  use Phoenix.Router\n  {body}\nend\n".encode()


@pytest.mark.parametrize(
    ("condition", "only_dev"),
    [
        (None, False),
        ("Mix.env() in [:dev, :test]", True),
        ("Application.compile_env(:my_app, :dev_routes)", True),
        ("Mix.env() in [:dev, :test, :prod]", False),
        ("Application.compile_env(:my_app, :has_admin)", False),
    ],
)
def test_a_dashboard_and_where_it_is(condition: str | None, only_dev: bool) -> None:
    view = project_of({"lib/my_app_web/router.ex": router(condition)}).view("lib/a.ex")
    assert view.dashboards_of("MyAppWeb.Telemetry") == (Dashboard("MyAppWeb.Telemetry", only_dev),)
    assert not view.attaches_telemetry


def test_a_handler_that_only_a_test_attaches_is_none() -> None:
    code = b'defmodule A do\n  def go, do: :telemetry.attach("a", [:b], &A.c/4, nil)\nend\n'
    assert project_of({"lib/a.ex": code}).view("lib/b.ex").attaches_telemetry
    assert not project_of({"test/support/a.ex": code}).view("lib/b.ex").attaches_telemetry


def test_files_that_asked_are_checked_again() -> None:
    project = project_of({"lib/my_app_web/router.ex": router(None)})
    assert project.view("lib/a.ex").dashboards_of("MyAppWeb.Telemetry")
    changed = project_of({"lib/my_app_web/router.ex": router("Mix.env() == :dev")})
    facts = changed.facts("lib/my_app_web/router.ex")
    assert facts is not None
    assert project.affected(project.update("lib/my_app_web/router.ex", facts)) == ["lib/a.ex"]
