"""Examples of config/env-in-module-attribute."""

from __future__ import annotations

from otpwise_analyzers.rules.base import Example

INCORRECT = (
    Example(
        code="""\
            defmodule MyApp.Mail do
              # Whom an answer reaches.
              @reply_to «System.get_env("REPLY_TO")» || "help@example.com"
              @subject "News"

              def build(to), do: %{to: to, reply_to: @reply_to, subject: @subject}

              def reply_to, do: @reply_to
            end
            """,
        fixed="""\
            defmodule MyApp.Mail do
              @subject "News"

              def build(to), do: %{to: to, reply_to: configured_reply_to(), subject: @subject}

              def reply_to, do: configured_reply_to()

              # Whom an answer reaches.
              defp configured_reply_to, do: System.get_env("REPLY_TO") || "help@example.com"
            end
            """,
    ),
    Example(
        code="""\
            defmodule MyApp.Payments do
              @api_key «System.fetch_env!("PAYMENTS_API_KEY")»

              @base_url "https://payments.example.com"

              def charge(amount, key \\\\ @api_key) do
                post("#{@base_url}/charges", %{amount: amount}, [{"authorization", "Bearer #{key}"}])
              end

              defp post(url, body, headers), do: {url, body, headers, @api_key}
            end
            """,
        fixed="""\
            defmodule MyApp.Payments do
              @base_url "https://payments.example.com"

              def charge(amount, key \\\\ api_key()) do
                post("#{@base_url}/charges", %{amount: amount}, [{"authorization", "Bearer #{key}"}])
              end

              defp post(url, body, headers), do: {url, body, headers, api_key()}

              defp api_key, do: System.fetch_env!("PAYMENTS_API_KEY")
            end
            """,
    ),
    Example(
        code="""\
            defmodule MyApp.Pool do
              use GenServer

              @size «System.get_env("POOL_SIZE", "10")»
                    |> String.to_integer()

              def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

              @impl true
              def init(opts) do
                {:ok, %{size: opts[:size] || @size, free: Enum.to_list(1..@size)}}
              end
            end
            """,
        fixed="""\
            defmodule MyApp.Pool do
              use GenServer

              def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

              @impl true
              def init(opts) do
                {:ok, %{size: opts[:size] || size(), free: Enum.to_list(1..size())}}
              end

              defp size do
                System.get_env("POOL_SIZE", "10")
                |> String.to_integer()
              end
            end
            """,
    ),
    Example(
        code="""\
            defmodule MyApp.Admins do
              @owner «System.get_env("OWNER_EMAIL")»

              def owner?(%{email: @owner}), do: true
              def owner?(_user), do: false
            end
            """,
    ),
    Example(
        code="""\
            defmodule MyApp.Jobs do
              use MyApp.Queue, url: «System.get_env("QUEUE_URL")»

              if «System.get_env("JOBS_DISABLED")» do
                @reason System.get_env("JOBS_DISABLED")

                def reason, do: @reason
                def enabled?, do: false
              else
                def enabled?, do: true
              end
            end
            """,
    ),
)

CORRECT = (
    Example(
        code="""\
            defmodule MyApp.Mail do
              def reply_to, do: System.get_env("REPLY_TO")

              defmacro url, do: System.get_env("MAIL_URL")
            end
            """,
        why="A function reads it when it is called; a macro that does so says it by being one.",
    ),
    Example(
        code="""\
            defmodule MyApp.Status do
              use Plug.Router

              get "/region" do
                send_resp(conn, 200, System.get_env("REGION") || "unknown")
              end

              plug :put_header, name: fn -> System.get_env("HEADER") end
            end
            """,
        why="The block of a route and a function run with each request.",
    ),
    Example(
        code="""\
            defmodule MyApp.Version do
              @commit System.get_env("GIT_SHA") || "unknown"
              @in_ci System.get_env("CI") == "true"

              def commit, do: {@commit, @in_ci}
            end
            """,
        why="These are facts of the build.",
    ),
    Example(
        code="""\
            defmodule MyApp.Edition do
              @paid System.get_env("EDITION") == "paid"

              def __mix_recompile__?, do: @paid != (System.get_env("EDITION") == "paid")

              def paid?, do: @paid
            end
            """,
        why="The edition is settled when it is built, and Mix is told when to build it again.",
    ),
    Example(
        path="test/my_app/search_test.exs",
        code="""\
            defmodule MyApp.SearchTest do
              use ExUnit.Case

              @url System.get_env("SEARCH_URL")
            end
            """,
        why="Tests are compiled where they run.",
    ),
    Example(
        code="""\
            defmodule MyApp.Settings do
              defmacro __using__(_opts) do
                quote do
                  @region System.get_env("REGION")
                end
              end
            end
            """,
        why="Code in a `quote` belongs to another module.",
    ),
)
