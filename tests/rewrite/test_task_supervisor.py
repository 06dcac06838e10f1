"""Which task supervisor a fix takes."""

from __future__ import annotations

from otpwise_analyzers.rewrite.task_supervisor import task_supervisor_for
from tests.proof import project_of

_APPLICATION = """\
defmodule Shop.Application do
  use Application

  @impl true
  def start(_type, _args) do
    children = [{Task.Supervisor, name: ShopWeb.TaskSupervisor}]
    Supervisor.start_link(children, strategy: :one_for_one)
  end
end
"""
_MIX = """\
defmodule Shop.MixProject do
  use Mix.Project

  def project, do: [app: :shop, version: "0.1.0"]
  def application, do: [mod: {Shop.Application, []}]
end
"""


def test_the_web_has_its_own_and_the_rest_another() -> None:
    project = project_of({"lib/shop/application.ex": _APPLICATION.encode(), "mix.exs": _MIX.encode()})
    view = project.view("lib/shop/orders.ex")
    taken = [task_supervisor_for(view, module) for module in ("ShopWeb.OrderController", "Shop.Orders")]
    assert [(one.name, one.exists) for one in taken if one is not None] == [
        ("ShopWeb.TaskSupervisor", True),
        ("Shop.TaskSupervisor", False),
    ]
