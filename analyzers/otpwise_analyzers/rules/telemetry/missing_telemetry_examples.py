"""Examples of telemetry/missing-telemetry."""

from __future__ import annotations

from otpwise_analyzers.rules.base import Example
from otpwise_analyzers.rules.sample_files import mix

APPLICATION = """\
defmodule MyApp.Application do
  use Application

  @impl true
  def start(_type, _args) do
    children = [
      MyApp.Repo,
      {Phoenix.PubSub, name: MyApp.PubSub},
      MyAppWeb.Endpoint
    ]

    Supervisor.start_link(«children», strategy: :one_for_one)
  end
end
"""
SILENT = APPLICATION.replace("«", "").replace("»", "")

_REPO = """\
defmodule MyApp.Repo do
  use Ecto.Repo, otp_app: :my_app, adapter: Ecto.Adapters.Postgres
end
"""

_SHOP = """\
defmodule Shop.Application do
  use Application

  def start(_type, _args) do
    Supervisor.start_link(
      «[
        {Shop.Stock, every: 5_000},
        ShopWeb.Endpoint
      ]»,
      strategy: :rest_for_one,
      name: Shop.Supervisor
    )
  end
end
"""

INCORRECT = (
    Example(
        path="lib/my_app/application.ex",
        code=APPLICATION,
        others={
            "mix.exs": mix('{:phoenix, "~> 1.7.10"}', '{:ecto_sql, "~> 3.11"}'),
            "lib/my_app/repo.ex": _REPO,
        },
        fixed=SILENT.replace("      MyApp.Repo,", "      MyAppWeb.Telemetry,\n      MyApp.Repo,"),
        fixed_others={
            "mix.exs": mix(
                '{:phoenix, "~> 1.7.10"}',
                '{:ecto_sql, "~> 3.11"}',
                '{:telemetry_metrics, "~> 1.0"}',
                '{:telemetry_poller, "~> 1.0"}',
                '{:telemetry_metrics_prometheus_core, "~> 1.2"}',
            ),
        },
    ),
    Example(
        path="lib/shop/application.ex",
        code="""\
            defmodule Shop.Application do
              use Application

              def start(_type, _args) do
                Supervisor.start_link(«[Shop.Web.Endpoint]», strategy: :one_for_one, name: Shop.Supervisor)
              end
            end
            """,
        others={"mix.exs": mix('{:phoenix, "~> 1.6"}', module="Shop", app="shop")},
    ),
    Example(
        path="lib/my_app/application.ex",
        code="""\
            defmodule MyApp.Application do
              use Application

              def start(_type, _args) do
                Supervisor.start_link(«children(Mix.env())», strategy: :one_for_one)
              end

              defp children(:test), do: [MyAppWeb.Endpoint]
              defp children(_), do: [MyAppWeb.Endpoint, MyApp.Importer]
            end
            """,
        others={"mix.exs": mix('{:phoenix, "~> 1.7"}')},
    ),
    Example(
        path="apps/shop/lib/shop/application.ex",
        code=_SHOP,
        others={
            "mix.exs": """\
                defmodule Umbrella.MixProject do
                  use Mix.Project

                  def project, do: [apps_path: "apps"]
                end
                """,
            "apps/shop/mix.exs": mix('{:phoenix, "~> 1.7"}', '{:jason, "~> 1.4"}', module="Shop", app="shop"),
        },
        fixed=_SHOP.replace("«[", "[\n        ShopWeb.Telemetry,").replace("»", ""),
        fixed_others={
            "apps/shop/mix.exs": mix(
                '{:phoenix, "~> 1.7"}',
                '{:jason, "~> 1.4"}',
                '{:telemetry_metrics, "~> 1.0"}',
                '{:telemetry_poller, "~> 1.0"}',
                '{:telemetry_metrics_prometheus_core, "~> 1.2"}',
                module="Shop",
                app="shop",
            ),
        },
    ),
)

CORRECT = (
    Example(
        path="lib/my_app/application.ex",
        code=SILENT.replace("      MyApp.Repo,", "      MyAppWeb.Telemetry,\n      MyApp.Repo,"),
        others={"mix.exs": mix('{:phoenix, "~> 1.7"}')},
        why="There is a telemetry child.",
    ),
    Example(
        path="lib/my_app/application.ex",
        code=SILENT,
        others={"mix.exs": mix('{:phoenix, "~> 1.7"}', '{:appsignal_phoenix, "~> 2.3"}')},
        why="A service measures.",
    ),
    Example(
        path="lib/my_app/application.ex",
        code=SILENT,
        others={
            "mix.exs": mix('{:phoenix, "~> 1.7"}'),
            "lib/my_app/slow_queries.ex": """\
                defmodule MyApp.SlowQueries do
                  def attach do
                    :telemetry.attach("slow", [:my_app, :repo, :query], &__MODULE__.log/4, nil)
                  end

                  def log(_event, _measurements, _metadata, _config), do: :ok
                end
                """,
        },
        why="A handler is attached without a child of its own.",
    ),
    Example(
        path="lib/my_app/application.ex",
        code=SILENT,
        others={"mix.exs": mix('{:phoenix, "~> 1.4.0"}')},
        why="That Phoenix emits no events yet.",
    ),
    Example(
        path="lib/my_app/application.ex",
        code=SILENT.replace("      MyAppWeb.Endpoint\n", "      MyApp.Importer\n"),
        others={"mix.exs": mix('{:phoenix_pubsub, "~> 2.1"}')},
        why="It serves nobody.",
    ),
    Example(
        path="lib/my_app/application.ex",
        code=SILENT,
        why="Without a mix.exs the dependencies are not known.",
    ),
)
