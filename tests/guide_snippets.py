"""The four best practices as the senior engineer's guide prints them, each at the path its name implies.

Snippets are kept as printed, comments and all: what a reader pastes must be judged right, although
some of it is a bare `def` or a bare expression.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from textwrap import dedent

PROJECT = {
    "mix.exs": """
        defmodule MyApp.MixProject do
          use Mix.Project

          def project do
            [app: :my_app, version: "0.1.0", elixir: "~> 1.14", deps: deps()]
          end

          def application do
            [mod: {MyApp.Application, []}, extra_applications: [:logger]]
          end

          defp deps do
            [{:phoenix, "~> 1.7"}, {:ecto_sql, "~> 3.11"}, {:postgrex, "~> 0.17"}, {:jason, "~> 1.4"}]
          end
        end
        """,
    "lib/my_app/application.ex": """
        defmodule MyApp.Application do
          use Application

          @impl true
          def start(_type, _args) do
            children = [
              MyApp.Repo,
              {Phoenix.PubSub, name: MyApp.PubSub},
              MyAppWeb.Endpoint
            ]

            Supervisor.start_link(children, strategy: :one_for_one)
          end
        end
        """,
    "lib/my_app/repo.ex": """
        defmodule MyApp.Repo do
          use Ecto.Repo, otp_app: :my_app, adapter: Ecto.Adapters.Postgres
        end
        """,
}


@dataclass(frozen=True)
class Snippet:
    name: str
    path: str
    code: str
    # the rules that must speak, in both profiles; of a Correct one they are all that do
    rules: frozenset[str] = frozenset()
    others: dict[str, str] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, bytes]:
        files = {
            path: dedent(text).lstrip("\n").encode() for path, text in {**PROJECT, **self.others}.items()
        }
        files[self.path] = dedent(self.code).lstrip("\n").encode()
        return files


INCORRECT = (
    Snippet(
        "cache",
        "lib/my_app/cache.ex",
        """
        # Starting a GenServer without supervision — if it crashes, it's gone forever
        defmodule MyApp.Cache do
          use GenServer
          def start_link(_), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)
        end

        # Somewhere in application startup:
        MyApp.Cache.start_link([])  # No restart strategy, no monitoring
        """,
        frozenset({"otp/unsupervised-process", "otp/ignored-start-options", "otp/missing-init"}),
    ),
    Snippet(
        "controller",
        "lib/my_app_web/controllers/user_controller.ex",
        """
        # Controller calling Repo directly — business logic scattered across controllers
        defmodule MyAppWeb.UserController do
          def create(conn, params) do
            changeset = User.changeset(%User{}, params)
            case Repo.insert(changeset) do
              {:ok, user} ->
                Repo.insert!(%AuditLog{action: "user_created", user_id: user.id})
                MyApp.Mailer.send_welcome(user)
                json(conn, user)
            end
          end
        end
        """,
        frozenset(
            {
                "phoenix/repo-in-web",
                "phoenix/writes-without-transaction",
                "phoenix/unhandled-error-result",
                "phoenix/bare-struct-response",
            }
        ),
    ),
    Snippet(
        "channel",
        "lib/my_app_web/channels/room_channel.ex",
        """
        defmodule MyAppWeb.RoomChannel do
          # No auth check — anyone with a socket can join any room
          def join("room:" <> room_id, _params, socket) do
            {:ok, socket}
          end

          # No rate limiting on incoming messages
          def handle_in("new_msg", %{"body" => body}, socket) do
            broadcast!(socket, "new_msg", %{body: body, user: socket.assigns.user})
            {:noreply, socket}
          end
        end
        """,
        frozenset(
            {
                "phoenix/channel-join-without-authorization",
                "phoenix/unlimited-channel-messages",
                "phoenix/raw-broadcast",
            }
        ),
    ),
    Snippet(
        "query",
        "lib/my_app/accounts.ex",
        """
        # Raw SQL strings everywhere — no composability, easy SQL injection
        def search_users(term) do
          Repo.query!("SELECT * FROM users WHERE name LIKE '%#{term}%'")
        end
        """,
        frozenset({"ecto/sql-injection"}),
    ),
)

CORRECT = (
    Snippet(
        "cache",
        "lib/my_app/cache.ex",
        """
        defmodule MyApp.Cache do
          use GenServer
          def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)
          def init(opts), do: {:ok, %{ttl: Keyword.get(opts, :ttl, 300_000), store: %{}}}

          # Schedule periodic cleanup
          def init(state) do
            schedule_cleanup()
            {:ok, state}
          end

          defp schedule_cleanup, do: Process.send_after(self(), :cleanup, state.ttl)
        end

        # In application.ex — supervised with restart strategy
        children = [
          MyApp.Repo,
          {MyApp.Cache, ttl: 300_000},
          {Phoenix.PubSub, name: MyApp.PubSub},
          MyAppWeb.Endpoint
        ]
        Supervisor.start_link(children, strategy: :one_for_one)
        """,
        # Its second `init/1` can never run.
        frozenset({"otp/unreachable-callback-clause"}),
    ),
    Snippet(
        "context",
        "lib/my_app/accounts.ex",
        """
        # Context module owns all business logic for the domain
        defmodule MyApp.Accounts do
          def register_user(attrs) do
            Multi.new()
            |> Multi.insert(:user, User.registration_changeset(%User{}, attrs))
            |> Multi.insert(:audit, fn %{user: user} ->
              AuditLog.changeset(%AuditLog{}, %{action: "user_created", user_id: user.id})
            end)
            |> Repo.transaction()
            |> case do
              {:ok, %{user: user}} ->
                MyApp.Mailer.deliver_later(WelcomeEmail.new(user))  # Async via Oban
                {:ok, user}
              {:error, :user, changeset, _} -> {:error, changeset}
            end
          end
        end
        """,
    ),
    Snippet(
        "controller",
        "lib/my_app_web/controllers/user_controller.ex",
        """
        # Controller is thin — just HTTP translation
        defmodule MyAppWeb.UserController do
          def create(conn, %{"user" => params}) do
            case Accounts.register_user(params) do
              {:ok, user} -> conn |> put_status(:created) |> json(%{data: user})
              {:error, changeset} -> conn |> put_status(422) |> json(%{errors: format(changeset)})
            end
          end
        end
        """,
    ),
    Snippet(
        "channel",
        "lib/my_app_web/channels/room_channel.ex",
        """
        defmodule MyAppWeb.RoomChannel do
          @max_msgs_per_second 5

          def join("room:" <> room_id, _params, socket) do
            if Accounts.can_access_room?(socket.assigns.current_user, room_id) do
              send(self(), :after_join)
              {:ok, assign(socket, :room_id, room_id)}
            else
              {:error, %{reason: "unauthorized"}}
            end
          end

          def handle_in("new_msg", %{"body" => body}, socket) do
            if rate_limited?(socket) do
              {:reply, {:error, %{reason: "rate_limited"}}, socket}
            else
              payload = %{body: sanitize(body), user_id: socket.assigns.current_user.id}
              broadcast!(socket, "new_msg", payload)
              {:noreply, update_rate(socket)}
            end
          end

          defp rate_limited?(socket) do
            count = Map.get(socket.assigns, :msg_count, 0)
            count >= @max_msgs_per_second
          end
        end
        """,
    ),
    Snippet(
        "query",
        "lib/my_app/accounts/user_query.ex",
        """
        defmodule MyApp.Accounts.UserQuery do
          import Ecto.Query

          def base, do: from(u in User, as: :user)

          def active(query), do: where(query, [user: u], u.status == :active)

          def search(query, term) when is_binary(term) do
            where(query, [user: u], ilike(u.name, ^"%#{String.replace(term, "%", "\\\\%")}%"))
          end

          def paginate(query, page, per_page \\\\ 20) do
            query |> limit(^per_page) |> offset(^((page - 1) * per_page))
          end
        end

        # Composable pipeline — each function returns a query
        UserQuery.base() |> UserQuery.active() |> UserQuery.search("jane") |> UserQuery.paginate(1) |> Repo.all()
        """,
    ),
    Snippet(
        "dockerfile",
        "Dockerfile",
        """
        FROM hexpm/elixir:1.16.1-erlang-26.2.2-alpine-3.19.1 AS builder
        RUN apk add --no-cache git build-base
        WORKDIR /app
        ENV MIX_ENV=prod
        COPY mix.exs mix.lock ./
        RUN mix deps.get --only prod && mix deps.compile
        COPY lib lib
        COPY priv priv
        COPY config config
        RUN mix release

        FROM alpine:3.19.1
        RUN apk add --no-cache libstdc++ openssl ncurses-libs
        WORKDIR /app
        COPY --from=builder /app/_build/prod/rel/my_app ./
        ENV PHX_SERVER=true
        EXPOSE 4000
        HEALTHCHECK --interval=30s CMD wget -q -O /dev/null http://localhost:4000/health || exit 1
        CMD ["bin/my_app", "start"]
        """,
        # It names no USER: a hint, and the rule says why ours does.
        frozenset({"deploy/docker-root"}),
    ),
)
