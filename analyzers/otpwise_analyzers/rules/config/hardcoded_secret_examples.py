"""Examples of config/hardcoded-secret. The secrets are nobody's: they were made at random for this page."""

from __future__ import annotations

from otpwise_analyzers.rules.base import Example

_BASE = "PtYgjmUhBel31iEl2hpChYgCfrL1spNxnyVmihA/2O76UMFxFkM/R5Kjp1vRt+1f"
_OTHER = "jORS/6ilI8ihN5KXSc7Tvo/hBKqFYY/kv5ZJr3J1TWDtkwtDDb+xHKas1VOqg6YY"
_KEY = "EEtfjgVvVqE1SkHbn88HxjSI"

INCORRECT = (
    Example(
        path="config/prod.exs",
        code=f"""\
            import Config

            config :my_app, MyAppWeb.Endpoint,
              url: [host: "example.com"],
              secret_key_base: «"{_BASE}"»
            """,
        fixed="""\
            import Config

            config :my_app, MyAppWeb.Endpoint, url: [host: "example.com"]
            """,
        fixed_others={
            "config/runtime.exs": """\
                import Config

                if config_env() == :prod do
                  config :my_app, MyAppWeb.Endpoint, secret_key_base: System.fetch_env!("SECRET_KEY_BASE")
                end
                """,
        },
    ),
    Example(
        path="config/runtime.exs",
        code=f"""\
            import Config

            if config_env() == :prod do
              config :my_app, MyApp.PaymentGateway, api_key: «"{_KEY}"»
              config :my_app, MyApp.Mailer, relay: "smtp.example.com"
            end
            """,
        fixed="""\
            import Config

            if config_env() == :prod do
              config :my_app, MyApp.PaymentGateway, api_key: System.fetch_env!("PAYMENT_GATEWAY_API_KEY")
              config :my_app, MyApp.Mailer, relay: "smtp.example.com"
            end
            """,
    ),
    Example(
        path="config/runtime.exs",
        code=f"""\
            import Config

            secret_key_base =
              System.get_env("COOKIE_SECRET") ||
                «"{_BASE}"»

            config :my_app, MyAppWeb.Endpoint, secret_key_base: secret_key_base
            """,
        fixed="""\
            import Config

            secret_key_base = System.fetch_env!("COOKIE_SECRET")

            config :my_app, MyAppWeb.Endpoint, secret_key_base: secret_key_base
            """,
    ),
    Example(
        path="config/config.exs",
        code=f"""\
            import Config

            config :my_app, MyApp.Auth.Guardian,
              issuer: "my_app",
              secret_key: «"{_OTHER}"»

            config :my_app, MyAppWeb.Endpoint,
              secret_key_base: «"{_BASE}"»

            config :my_app, :webhooks, shared_secret: «"{_KEY}"»
            """,
        others={"config/prod.exs": "import Config\n\nconfig :logger, level: :info\n"},
    ),
    Example(
        path="config/prod.exs",
        code=f"""\
            import Config

            config :my_app, MyApp.Guardian,
              secret_key: %{{
                "kty" => "oct",
                "k" => «"{_OTHER}"»
              }}
            """,
    ),
)

CORRECT = (
    Example(
        path="config/config.exs",
        code=f"""\
            import Config

            config :my_app, MyAppWeb.Endpoint,
              secret_key_base: "{_BASE}",
              live_view: [signing_salt: "kv5ZJr3J1TWDtkwtDDb"]
            """,
        others={
            "config/runtime.exs": """\
                import Config

                config :my_app, MyAppWeb.Endpoint, secret_key_base: System.fetch_env!("SECRET_KEY_BASE")
                """,
        },
        why="Production replaces it when it starts, and salts are no secrets.",
    ),
    Example(
        path="config/config.exs",
        code=f"""\
            import Config

            config :my_app, MyAppWeb.Endpoint,
              secret_key_base: "{_BASE}"
            """,
        others={"config/prod.exs": 'import Config\n\nimport_config "prod.secret.exs"\n'},
        why="Production imports a file that is not in the repository.",
    ),
    Example(
        path="config/dev.exs",
        code=f"""\
            import Config

            config :my_app, MyAppWeb.Endpoint,
              secret_key_base: "{_BASE}"

            config :my_app, MyApp.Repo, password: "{_KEY}"
            """,
        why="It opens a developer's own machine; the same in `config/test.exs`.",
    ),
    Example(
        path="config/prod.exs",
        code="""\
            import Config

            config :my_app, MyApp.Repo, password: System.get_env("DATABASE_PASSWORD_OF_THE_REPO")
            config :my_app, MyApp.Mailer, api_key: {:system, "MAILER_API_KEY_2f7b9c1e"}
            config :my_app, MyApp.Search, api_key: "${SEARCH_API_KEY_2f7b9c1e}"
            config :my_app, MyApp.Maps, api_key: "replace-me-with-the-key-of-maps"
            """,
        why="Names of variables, and placeholders.",
    ),
    Example(
        path="config/runtime.exs",
        code="""\
            import Config

            config :my_app, MyApp.Analytics, api_key: "phc_q8fWv2Lx7Rk0TzYbN4mHs9DcJe6Ua1Pg"
            config :my_app, :sessions, cookie_key: "_my_app_web_session_q8fWv2Lx7Rk"
            config :my_app, MyApp.Guardian, secret_key: System.fetch_env!("GUARDIAN_SECRET_KEY_2f7b9c1e")
            """,
        why="A key that is given to every browser, and the name of a cookie.",
    ),
)
