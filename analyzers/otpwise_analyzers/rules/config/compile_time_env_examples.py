"""Examples of config/compile-time-env."""

from __future__ import annotations

from otpwise_analyzers.rules.base import Example

_RELEASED = """\
defmodule MyApp.MixProject do
  use Mix.Project

  def project do
    [app: :my_app, version: "0.1.0", elixir: "~> 1.14", releases: [my_app: []]]
  end
end
"""
_MIX = """\
defmodule MyApp.MixProject do
  use Mix.Project

  def project, do: [app: :my_app, version: "0.1.0", elixir: "~> 1.14"]
end
"""

INCORRECT = (
    Example(
        path="config/prod.exs",
        code="""\
            import Config

            config :my_app, MyApp.Repo,
              url: «System.get_env("DATABASE_URL")»,
              pool_size: String.to_integer(System.get_env("POOL_SIZE") || "10"),
              ssl: true

            config :logger, level: :info
            """,
        others={"mix.exs": _RELEASED},
        fixed="""\
            import Config

            config :my_app, MyApp.Repo, ssl: true

            config :logger, level: :info
            """,
        fixed_others={
            "config/runtime.exs": """\
                import Config

                if config_env() == :prod do
                  config :my_app, MyApp.Repo,
                    url: System.fetch_env!("DATABASE_URL"),
                    pool_size: String.to_integer(System.get_env("POOL_SIZE") || "10")
                end
                """,
        },
    ),
    Example(
        path="config/prod.exs",
        code="""\
            import Config

            # Behind the load balancer.
            config :my_app, MyAppWeb.Endpoint,
              http: [
                # the platform chooses it
                port: String.to_integer(«System.get_env("PORT")» || "4000"),
                transport_options: [socket_opts: [:inet6]]
              ],
              url: [scheme: "https", host: System.get_env("HOST"), port: 443],
              force_ssl: [rewrite_on: [:x_forwarded_proto], host: System.get_env("HOST")],
              secret_key_base: Map.fetch!(System.get_env(), "SECRET_KEY_BASE")
            """,
        others={
            "config/runtime.exs": """\
                import Config

                if System.get_env("PHX_SERVER") do
                  config :my_app, MyAppWeb.Endpoint, server: true
                end

                if config_env() == :prod do
                  config :my_app, MyAppWeb.Endpoint,
                    http: [ip: {0, 0, 0, 0, 0, 0, 0, 0}],
                    check_origin: ["//example.com"]

                  # The mailer has no settings of its own yet.
                end
                """,
        },
        fixed="""\
            import Config

            # Behind the load balancer.
            config :my_app, MyAppWeb.Endpoint,
              http: [
                transport_options: [socket_opts: [:inet6]]
              ],
              url: [scheme: "https", port: 443],
              force_ssl: [rewrite_on: [:x_forwarded_proto], host: System.get_env("HOST")]
            """,
        fixed_others={
            "config/runtime.exs": """\
                import Config

                if System.get_env("PHX_SERVER") do
                  config :my_app, MyAppWeb.Endpoint, server: true
                end

                if config_env() == :prod do
                  config :my_app, MyAppWeb.Endpoint,
                    http: [
                      ip: {0, 0, 0, 0, 0, 0, 0, 0},
                      # the platform chooses it
                      port: String.to_integer(System.get_env("PORT") || "4000")
                    ],
                    check_origin: ["//example.com"],
                    url: [host: System.fetch_env!("HOST")],
                    secret_key_base: Map.fetch!(System.get_env(), "SECRET_KEY_BASE")

                  # The mailer has no settings of its own yet.
                end
                """,
        },
    ),
    Example(
        path="config/prod.exs",
        code="""\
            import Config

            # Secrets come from the environment.
            database_url =
              «System.get_env("DATABASE_URL")» ||
                raise \"""
                DATABASE_URL is missing,
                for example ecto://USER:PASS@HOST/DATABASE
                \"""

            config :my_app, MyApp.Repo, url: database_url

            config :my_app, MyApp.Mailer, adapter: Swoosh.Adapters.Postmark
            """,
        others={"mix.exs": _RELEASED},
        fixed="""\
            import Config

            config :my_app, MyApp.Mailer, adapter: Swoosh.Adapters.Postmark
            """,
        fixed_others={
            "config/runtime.exs": """\
                import Config

                if config_env() == :prod do
                  # Secrets come from the environment.
                  database_url =
                    System.get_env("DATABASE_URL") ||
                      raise \"""
                      DATABASE_URL is missing,
                      for example ecto://USER:PASS@HOST/DATABASE
                      \"""

                  config :my_app, MyApp.Repo, url: database_url
                end
                """,
        },
    ),
    Example(
        path="config/config.exs",
        code="""\
            import Config

            config :my_app, :page_size, 20
            config :my_app, :help_desk, «System.get_env("HELP_DESK")» || "help@example.com"

            import_config "#{config_env()}.exs"
            """,
        others={"mix.exs": _RELEASED, "config/runtime.exs": "import Config\n"},
        fixed="""\
            import Config

            config :my_app, :page_size, 20

            import_config "#{config_env()}.exs"
            """,
        fixed_others={
            "config/runtime.exs": """\
                import Config

                if config_env() == :prod do
                  config :my_app, :help_desk, System.get_env("HELP_DESK") || "help@example.com"
                end
                """,
        },
    ),
    Example(
        path="config/config.exs",
        code="""\
            import Config

            config :my_app, :page_size, 20
            config :my_app, :help_desk, «System.get_env("HELP_DESK")» || "help@example.com"
            """,
        others={"mix.exs": _RELEASED, "config/runtime.exs": "import Config\n"},
        fix="Read it at start, in config/runtime.exs, in every environment",
        fixed_others={
            "config/runtime.exs": """\
                import Config

                config :my_app, :help_desk, System.get_env("HELP_DESK") || "help@example.com"
                """,
        },
    ),
    Example(
        path="apps/shop/config/prod.exs",
        code="""\
            import Config

            config :shop, Shop.Payments, api_key: «System.get_env("PAYMENTS_API_KEY")»
            config :shop, Shop.Repo, ssl: true
            """,
        others={
            "mix.exs": """\
                defmodule MyUmbrella.MixProject do
                  use Mix.Project

                  def project do
                    [apps_path: "apps", releases: [shop: [applications: [shop: :permanent]]]]
                  end
                end
                """,
            "apps/shop/mix.exs": """\
                defmodule Shop.MixProject do
                  use Mix.Project

                  def project, do: [app: :shop, version: "0.1.0", elixir: "~> 1.14"]
                end
                """,
        },
        fixed="""\
            import Config

            config :shop, Shop.Repo, ssl: true
            """,
        fixed_others={
            "config/runtime.exs": """\
                import Config

                if config_env() == :prod do
                  config :shop, Shop.Payments, api_key: System.fetch_env!("PAYMENTS_API_KEY")
                end
                """,
        },
    ),
    Example(
        path="config/staging.exs",
        code="""\
            import Config

            config :my_app, MyApp.Repo, url: «System.fetch_env!("DATABASE_URL")», pool_size: 2
            """,
        others={"mix.exs": _RELEASED},
        fixed="""\
            import Config

            config :my_app, MyApp.Repo, pool_size: 2
            """,
        fixed_others={
            "config/runtime.exs": """\
                import Config

                if config_env() == :staging do
                  config :my_app, MyApp.Repo, url: System.fetch_env!("DATABASE_URL")
                end
                """,
        },
    ),
    Example(
        path="config/prod.exs",
        code="""\
            import Config

            if «System.get_env("ADMIN_PASSWORD")» do
              config :my_app, :admin, password: System.get_env("ADMIN_PASSWORD")
            end
            """,
        others={"mix.exs": _RELEASED},
    ),
    Example(
        path="config/prod.exs",
        code="""\
            import Config

            config :my_app, :data, Path.expand(«System.get_env("DATA")», __DIR__)
            """,
        others={"mix.exs": _RELEASED},
    ),
    Example(
        path="config/prod.exs",
        code="""\
            import Config

            config :my_app, MyApp.Repo, url: «System.get_env("DATABASE_URL")», ssl: true
            """,
        others={
            "config/runtime.exs": """\
                import Config

                if config_env() == :prod do
                  config :my_app, MyApp.Repo, url: System.fetch_env!("DATABASE_URL")
                end
                """,
        },
        fixed="""\
            import Config

            config :my_app, MyApp.Repo, ssl: true
            """,
    ),
    Example(
        path="config/prod.exs",
        code="""\
            use Mix.Config

            config :my_app, MyApp.Mailer,
              api_key: «System.get_env("MAILER_KEY")»,
              from: "us@example.com"
            """,
        others={"mix.exs": _MIX},
    ),
)

CORRECT = (
    Example(
        path="config/runtime.exs",
        code="""\
            import Config

            config :my_app, MyApp.Repo, url: System.fetch_env!("DATABASE_URL")
            """,
        why="This file is evaluated on each start.",
    ),
    Example(
        path="config/test.exs",
        code="""\
            import Config

            config :my_app, MyApp.Repo, database: "my_app_test#{System.get_env("MIX_TEST_PARTITION")}"
            """,
        others={"mix.exs": _RELEASED},
        why="Tests are configured where they run, and so is `config/dev.exs`.",
    ),
    Example(
        path="config/config.exs",
        code="""\
            import Config

            if config_env() in [:dev, :test] do
              config :my_app, MyApp.Repo, hostname: System.get_env("PGHOST", "localhost")
            end
            """,
        others={"mix.exs": _RELEASED},
        why="No release is built for these environments.",
    ),
    Example(
        path="config/config.exs",
        code="""\
            import Config

            config :my_app, MyApp.Repo,
              url: System.get_env("DATABASE_URL", "ecto://postgres:postgres@localhost/my_app_dev")
            """,
        others={
            "config/runtime.exs": """\
                import Config

                if config_env() == :prod do
                  config :my_app, MyApp.Repo, url: System.fetch_env!("DATABASE_URL")
                end
                """,
        },
        why="A default for development, which `config/runtime.exs` replaces in production.",
    ),
    Example(
        path="config/prod.exs",
        code="""\
            import Config

            config :my_app, :build, commit: System.get_env("GIT_SHA"), version: System.get_env("APP_VERSION")
            config :my_app, MyAppWeb.Endpoint, force_ssl: [host: System.get_env("HOST")]
            config :esbuild, path: System.get_env("ESBUILD_PATH")
            """,
        others={"mix.exs": _RELEASED},
        why="What the build is asked, and what is read while code is compiled.",
    ),
    Example(
        path="config/prod.exs",
        code="""\
            import Config

            config :my_app, :uploads, System.get_env("UPLOADS", "priv/uploads")
            """,
        others={
            "mix.exs": _RELEASED,
            "lib/my_app/uploads.ex": """\
                defmodule MyApp.Uploads do
                  @folder Application.compile_env(:my_app, :uploads)

                  def folder, do: @folder
                end
                """,
        },
        why="A module says that it takes the value while it compiles.",
    ),
    Example(
        path="config/config.exs",
        code="""\
            import Config

            config :my_lib, MyLib.Test.Repo, url: System.get_env("POSTGRES_URL")
            """,
        others={
            "mix.exs": """\
                defmodule MyLib.MixProject do
                  use Mix.Project

                  def project, do: [app: :my_lib, version: "1.0.0", package: [licenses: ["MIT"]]]
                end
                """,
        },
        why="A library's configuration is for its own tests.",
    ),
)
