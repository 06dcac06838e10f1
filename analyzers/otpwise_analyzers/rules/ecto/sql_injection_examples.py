"""The examples of ecto/sql-injection."""

from __future__ import annotations

from otpwise_analyzers.rules.base import Example

INCORRECT = (
    Example(
        """\
        def search_users(term) do
          Repo.query!(«"SELECT * FROM users WHERE name LIKE '%#{term}%'"»)
        end
        """,
        fixed="""\
        def search_users(term) do
          Repo.query!("SELECT * FROM users WHERE name LIKE $1", ["%#{term}%"])
        end
        """,
    ),
    Example(
        '''\
        defmodule MyApp.Ledger do
          alias MyApp.Repo

          def entries(account_id, since, label) do
            Repo.query!(«"""
            SELECT e.id, e.amount
            FROM entries e
            WHERE e.account_id = #{account_id}
              AND e.booked_at > '#{since}'::date
              AND e.label ILIKE '#{label}%'
            """»)
            |> Map.fetch!(:rows)
          end
        end
        ''',
        fixed='''\
        defmodule MyApp.Ledger do
          alias MyApp.Repo

          def entries(account_id, since, label) do
            Repo.query!(
              """
              SELECT e.id, e.amount
              FROM entries e
              WHERE e.account_id = $1
                AND e.booked_at > $2::text::date
                AND e.label ILIKE $3
              """,
              [account_id, to_string(since), "#{label}%"]
            )
            |> Map.fetch!(:rows)
          end
        end
        ''',
    ),
    Example(
        """\
        defmodule MyAppWeb.ReportController do
          use MyAppWeb, :controller

          def index(conn, %{"owner" => owner}) do
            sql = «"SELECT count(*) FROM reports WHERE active AND owner = " <> owner»
            %{rows: [[count]]} = Ecto.Adapters.SQL.query!(MyApp.Repo, sql, [], timeout: 5_000)
            json(conn, %{count: count})
          end
        end
        """,
        path="lib/my_app_web/controllers/report_controller.ex",
        fixed="""\
        defmodule MyAppWeb.ReportController do
          use MyAppWeb, :controller

          def index(conn, %{"owner" => owner}) do
            sql = "SELECT count(*) FROM reports WHERE active AND owner = $1"
            %{rows: [[count]]} = Ecto.Adapters.SQL.query!(MyApp.Repo, sql, [owner], timeout: 5_000)
            json(conn, %{count: count})
          end
        end
        """,
    ),
    Example(
        '''\
        defmodule MyApp.Cleanup do
          alias MyApp.Repo

          def forget(user_id, kind, before) do
            «"""
            DELETE FROM visits
            WHERE kind = ? AND user_id = #{user_id} AND path LIKE '/old/%' AND seen_at < ?
            """»
            |> Repo.query!([kind, before])
          end
        end
        ''',
        others={
            "lib/my_app/repo.ex": """\
            defmodule MyApp.Repo do
              use Ecto.Repo, otp_app: :my_app, adapter: Ecto.Adapters.MyXQL
            end
            """
        },
        fixed='''\
        defmodule MyApp.Cleanup do
          alias MyApp.Repo

          def forget(user_id, kind, before) do
            """
            DELETE FROM visits
            WHERE kind = ? AND user_id = ? AND path LIKE '/old/%' AND seen_at < ?
            """
            |> Repo.query!([kind, user_id, before])
          end
        end
        ''',
    ),
    Example(
        """\
        defmodule MyApp.Guests do
          alias MyApp.Repo

          def search(term) do
            Repo.query!(«"SELECT * FROM guests WHERE name LIKE '%#{term}%'"»)
          end
        end
        """,
        others={
            "lib/my_app/guests/guest.ex": """\
            defmodule MyApp.Guests.Guest do
              use Ecto.Schema

              schema "guests" do
                field :name, :string
              end
            end
            """
        },
        fix="Write it as an Ecto query",
        fixed="""\
        defmodule MyApp.Guests do
          import Ecto.Query

          alias MyApp.Guests.Guest
          alias MyApp.Repo

          def search(term) do
            Repo.all(from(g in Guest, where: like(g.name, ^"%#{term}%")))
          end
        end
        """,
    ),
    Example(
        """\
        defmodule MyAppWeb.ImportController do
          use MyAppWeb, :controller

          def create(conn, %{"rows" => rows} = params) do
            hint = "TABLESAMPLE SYSTEM (#{params["share"]})"
            sample = from(u in "users", hints: [unsafe_fragment(^«hint»)], select: u.id)

            MyApp.Repo.insert_all("users", rows,
              on_conflict: :nothing,
              conflict_target: {:unsafe_fragment, «"(#{params["unique"]})"»}
            )

            json(conn, %{sample: MyApp.Repo.all(sample)})
          end
        end
        """,
        path="lib/my_app_web/controllers/import_controller.ex",
    ),
)
CORRECT = (
    Example(
        """\
        defmodule MyApp.Users do
          import Ecto.Query

          @unique "(lower(email))"

          def add(rows, share) when is_integer(share) do
            sample = "TABLESAMPLE SYSTEM (#{share})"
            known = from(u in "users", hints: [unsafe_fragment(^sample)], select: u.id)

            MyApp.Repo.insert_all("users", rows,
              on_conflict: :nothing,
              conflict_target: {:unsafe_fragment, @unique}
            )

            MyApp.Repo.all(known)
          end
        end
        """,
        why="texts of the code's own, and a number that a guard checks",
    ),
    Example(
        """\
        def count(table) when table in ["users", "posts"] do
          Repo.query!("SELECT count(*) FROM #{table}")
        end
        """,
        why="a table cannot be a parameter",
    ),
    Example(
        """\
        def lookup(ids) do
          placeholders = Enum.map_join(1..length(ids), ", ", &"$#{&1}")
          Repo.query!("SELECT id, name FROM users WHERE id IN (#{placeholders})", ids)
        end
        """,
        why="generated placeholders: the values themselves are bound",
    ),
    Example(
        """\
        defmodule MyApp.Latest do
          @limit 50
          def list(direction) when direction in ~w(asc desc) do
            MyApp.Repo.query!("SELECT id FROM posts ORDER BY id #{direction} LIMIT #{@limit}")
          end
        end
        """,
        why="a constant, and a direction held to a list",
    ),
    Example(
        """\
        def wait(milliseconds) do
          Repo.query!("SET LOCAL lock_timeout = '#{milliseconds}ms'")
        end
        """,
        why="`SET` takes no parameters",
    ),
    Example(
        """\
        defmodule MyApp.Audit do
          # sobelow_skip ["SQL.Query"]
          def replay(value) do
            MyApp.Repo.query!("UPDATE replay SET at = '#{value}'")
          end
        end
        """,
        why="Sobelow was told that it is looked after",
    ),
    Example(
        """\
        defmodule MyApp.Weather do
          alias MyApp.WeatherClient

          def find(city), do: WeatherClient.query("SELECT * FROM weather WHERE city = '#{city}'")
        end
        """,
        why="no database of ours",
    ),
)
