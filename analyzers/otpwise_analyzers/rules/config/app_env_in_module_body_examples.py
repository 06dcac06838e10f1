"""Examples of config/app-env-in-module-body."""

from __future__ import annotations

from otpwise_analyzers.rules.base import Example

_MIX = """\
defmodule MyApp.MixProject do
  use Mix.Project

  def project, do: [app: :my_app, version: "0.1.0", elixir: "~> 1.14"]
end
"""

INCORRECT = (
    Example(
        code="""\
            defmodule MyApp.Search do
              @page_size «Application.get_env(:my_app, :page_size, 20)»

              def page(list, number), do: Enum.slice(list, number * @page_size, @page_size)
            end
            """,
        others={"mix.exs": _MIX},
        fixed="""\
            defmodule MyApp.Search do
              @page_size Application.compile_env(:my_app, :page_size, 20)

              def page(list, number), do: Enum.slice(list, number * @page_size, @page_size)
            end
            """,
    ),
    Example(
        code="""\
            defmodule MyApp.Uploads do
              @folder «Application.get_env(:my_app, __MODULE__)[:folder]»
              @limits «Application.fetch_env!(:my_app, :limits)[:upload]»

              def folder, do: {@folder, @limits}
            end
            """,
        others={"mix.exs": _MIX},
        fixed="""\
            defmodule MyApp.Uploads do
              @folder Application.compile_env(:my_app, [__MODULE__, :folder])
              @limits Application.fetch_env!(:my_app, :limits)[:upload]

              def folder, do: {@folder, @limits}
            end
            """,
    ),
    Example(
        code="""\
            defmodule MyApp.Weather do
              @api_key «Application.get_env(:my_app, :weather_api_key)»

              def today(city), do: {"https://weather.example.com", city, key: @api_key}
            end
            """,
        others={
            "mix.exs": _MIX,
            "config/runtime.exs": """\
                import Config

                config :my_app, weather_api_key: System.fetch_env!("WEATHER_API_KEY")
                """,
        },
        fixed="""\
            defmodule MyApp.Weather do
              def today(city), do: {"https://weather.example.com", city, key: api_key()}

              defp api_key, do: Application.get_env(:my_app, :weather_api_key)
            end
            """,
    ),
    Example(
        path="lib/my_app_web/router.ex",
        code="""\
            defmodule MyAppWeb.Router do
              use MyAppWeb, :router
              use MyApp.Cached, ttl: «Application.get_env(:my_app, :cache_ttl)»

              if «Application.get_env(:my_app, :dev_routes)» do
                get "/mails", MyAppWeb.MailController, :index
              end
            end
            """,
        others={"mix.exs": _MIX},
        fixed="""\
            defmodule MyAppWeb.Router do
              use MyAppWeb, :router
              use MyApp.Cached, ttl: Application.compile_env(:my_app, :cache_ttl)

              if Application.get_env(:my_app, :dev_routes) do
                get "/mails", MyAppWeb.MailController, :index
              end
            end
            """,
    ),
    Example(
        code="""\
            defmodule MyApp.Clock do
              @clock «Application.get_env(:my_app, :clock, MyApp.SystemClock)»

              def now(%{clock: @clock}), do: @clock.now()
            end
            """,
    ),
)

CORRECT = (
    Example(
        code="""\
            defmodule MyApp.Search do
              def page_size, do: Application.get_env(:my_app, :page_size, 20)
            end
            """,
        why="A function reads what is configured when it is called.",
    ),
    Example(
        code="""\
            defmodule MyApp.Search do
              @page_size Application.compile_env(:my_app, :page_size, 20)

              def page_size, do: @page_size
            end
            """,
        why="This is the form for it.",
    ),
    Example(
        code="""\
            defmodule MyApp.Health do
              use Plug.Router

              @check fn -> Application.get_env(:my_app, :healthy, true) end

              get "/" do
                if Application.get_env(:my_app, :draining), do: send_resp(conn, 503, ""), else: @check
              end
            end
            """,
        why="The block of a route and a function run later.",
    ),
    Example(
        code="""\
            defmodule MyApp.Tasks do
              @moduledoc "Reads `Application.get_env(:my_app, :tasks)` when it starts."
              @keys Application.spec(:my_app, :vsn)

              defmacro __using__(_opts) do
                quote do
                  @tasks Application.get_env(:my_app, :tasks)
                end
              end

              def keys, do: @keys
            end
            """,
        why="Words, a question of the application itself, and code for another module.",
    ),
    Example(
        path="lib/mix/tasks/report.ex",
        code="""\
            defmodule Mix.Tasks.Report do
              use Mix.Task

              @folder Application.get_env(:my_app, :reports)

              def run(_args), do: @folder
            end
            """,
        why="A task runs where it is compiled.",
    ),
)
