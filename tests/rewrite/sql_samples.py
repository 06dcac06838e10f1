"""Statements and the Ecto queries that they are, written by hand."""

from __future__ import annotations

from textwrap import dedent

PATH = "lib/my_app/sample.ex"
ADAPTERS = {"pg": "Postgres", "mysql": "MyXQL", "sqlite": "SQLite3"}

_USER = """\
defmodule MyApp.Accounts.User do
  use Ecto.Schema

  schema "users" do
    field :name, :string
    field :age, :integer
    field :tags, {:array, :string}
    field :active, :boolean
    field :role, Ecto.Enum, values: [:member, :admin]
    field :token, Ecto.UUID
    belongs_to :team, MyApp.Accounts.Team
    timestamps()
  end
end
"""
_TEAM = """\
defmodule MyApp.Accounts.Team do
  use Ecto.Schema

  schema "teams" do
    field :title, :string
    field :rank, :integer
  end
end
"""


def files_of(body: str, adapter: str = "pg") -> dict[str, bytes]:
    """A project of two schemas, and a function of `a`, `b` and `c` with this body."""
    inner = "\n".join(f"    {line}" if line else "" for line in dedent(body).strip("\n").split("\n"))
    text = f"defmodule MyApp.Sample do\n  alias MyApp.Repo\n\n  def run(a, b, c) do\n{inner}\n  end\nend\n"
    return {
        PATH: text.encode(),
        "lib/my_app/user.ex": _USER.encode(),
        "lib/my_app/team.ex": _TEAM.encode(),
        "lib/my_app/repo.ex": (
            "defmodule MyApp.Repo do\n"
            f"  use Ecto.Repo, otp_app: :my_app, adapter: Ecto.Adapters.{ADAPTERS[adapter]}\nend\n"
        ).encode(),
    }


_U, _T, _V = "u in User, ", "t in Team, ", 'v in "visits", '

SELECTS = [
    # what is read
    ("pg", "SELECT name FROM users", "", f"{_U}select: [u.name]"),
    ("pg", "SELECT u.id, u.name FROM users u", "", f"{_U}select: [u.id, u.name]"),
    ("pg", "SELECT p.name FROM users AS p", "", "p in User, select: [p.name]"),
    ("pg", "SELECT users.name FROM users", "", f"{_U}select: [u.name]"),
    ("pg", "SELECT NAME FROM USERS", "", f"{_U}select: [u.name]"),
    ("pg", "SELECT DISTINCT age FROM users", "", f"{_U}distinct: true, select: [u.age]"),
    ("pg", "SELECT page FROM visits", "", f"{_V}select: [v.page]"),
    ("mysql", "SELECT `name` FROM `users`", "", f"{_U}select: [u.name]"),
    ("sqlite", "SELECT name FROM users;", "", f"{_U}select: [u.name]"),
    ("pg", "SELECT age + 1 AS next FROM users", "", f"{_U}select: [u.age + 1]"),
    ("pg", "SELECT (age - 1) * 2 FROM users", "", f"{_U}select: [(u.age - 1) * 2]"),
    ("pg", "SELECT age - (id - 1) FROM users", "", f"{_U}select: [u.age - (u.id - 1)]"),
    ("pg", "SELECT coalesce(name, 'nobody') FROM users", "", f'{_U}select: [coalesce(u.name, "nobody")]'),
    # aggregates
    ("pg", "SELECT count(*) FROM users", "", f"{_U}select: [count()]"),
    (
        "pg",
        "SELECT count(name), count(DISTINCT age) FROM users",
        "",
        f"{_U}select: [count(u.name), count(u.age, :distinct)]",
    ),
    ("sqlite", "SELECT sum(age), avg(age) FROM users", "", f"{_U}select: [sum(u.age), avg(u.age)]"),
    ("mysql", "SELECT min(age), max(age) FROM users", "", f"{_U}select: [min(u.age), max(u.age)]"),
    (
        "pg",
        "SELECT age, count(*) FROM users GROUP BY age",
        "",
        f"{_U}group_by: u.age, select: [u.age, count()]",
    ),
    (
        "pg",
        "SELECT team_id, age, count(*) AS n FROM users GROUP BY team_id, age HAVING count(*) > 3 ORDER BY n DESC",
        "",
        f"{_U}group_by: [u.team_id, u.age], having: count() > 3, order_by: [desc: count()], select: [u.team_id, u.age, count()]",
    ),
    # conditions
    ("pg", "SELECT id FROM users WHERE age = 3", "", f"{_U}where: u.age == 3, select: [u.id]"),
    ("pg", "SELECT id FROM users WHERE age <> 3", "", f"{_U}where: u.age != 3, select: [u.id]"),
    ("mysql", "SELECT id FROM users WHERE age != -3", "", f"{_U}where: u.age != -3, select: [u.id]"),
    ("pg", "SELECT id FROM users WHERE age < 1234567", "", f"{_U}where: u.age < 1_234_567, select: [u.id]"),
    (
        "pg",
        "SELECT id FROM users WHERE age <= 3 AND age >= 1",
        "",
        f"{_U}where: u.age <= 3 and u.age >= 1, select: [u.id]",
    ),
    (
        "pg",
        "SELECT id FROM users WHERE age > 3 OR active",
        "",
        f"{_U}where: u.age > 3 or u.active, select: [u.id]",
    ),
    (
        "pg",
        "SELECT id FROM users WHERE active AND age > 3 OR age = 1",
        "",
        f"{_U}where: (u.active and u.age > 3) or u.age == 1, select: [u.id]",
    ),
    (
        "pg",
        "SELECT id FROM users WHERE active AND (age > 3 OR age = 1)",
        "",
        f"{_U}where: u.active and (u.age > 3 or u.age == 1), select: [u.id]",
    ),
    ("pg", "SELECT id FROM users WHERE NOT active", "", f"{_U}where: not u.active, select: [u.id]"),
    (
        "pg",
        "SELECT id FROM users WHERE NOT (age = 1 OR active)",
        "",
        f"{_U}where: not (u.age == 1 or u.active), select: [u.id]",
    ),
    ("pg", "SELECT id FROM users WHERE NOT age = 1", "", f"{_U}where: not (u.age == 1), select: [u.id]"),
    ("pg", "SELECT id FROM users WHERE active = true", "", f"{_U}where: u.active == true, select: [u.id]"),
    ("pg", "SELECT id FROM users WHERE name IS NULL", "", f"{_U}where: is_nil(u.name), select: [u.id]"),
    (
        "sqlite",
        "SELECT id FROM users WHERE name IS NOT NULL",
        "",
        f"{_U}where: not is_nil(u.name), select: [u.id]",
    ),
    ("pg", "SELECT id FROM users WHERE age IN (1, 2)", "", f"{_U}where: u.age in [1, 2], select: [u.id]"),
    (
        "pg",
        "SELECT id FROM users WHERE name NOT IN ('a', 'b')",
        "",
        f'{_U}where: u.name not in ["a", "b"], select: [u.id]',
    ),
    (
        "mysql",
        "SELECT id FROM users WHERE NOT age IN (1)",
        "",
        f"{_U}where: u.age not in [1], select: [u.id]",
    ),
    (
        "pg",
        "SELECT id FROM users WHERE age BETWEEN 1 AND 3",
        "",
        f"{_U}where: u.age >= 1 and u.age <= 3, select: [u.id]",
    ),
    (
        "sqlite",
        "SELECT id FROM users WHERE age NOT BETWEEN 1 AND 3",
        "",
        f"{_U}where: not (u.age >= 1 and u.age <= 3), select: [u.id]",
    ),
    (
        "mysql",
        "SELECT id FROM users WHERE name LIKE 'a%'",
        "",
        f'{_U}where: like(u.name, "a%"), select: [u.id]',
    ),
    (
        "pg",
        "SELECT id FROM users WHERE name NOT LIKE 'a%'",
        "",
        f'{_U}where: not like(u.name, "a%"), select: [u.id]',
    ),
    (
        "pg",
        "SELECT id FROM users WHERE name ILIKE 'a%'",
        "",
        f'{_U}where: ilike(u.name, "a%"), select: [u.id]',
    ),
    (
        "pg",
        "SELECT id FROM users WHERE name = 'it''s \\\"x\\\"'",
        "",
        f'{_U}where: u.name == "it\'s \\"x\\"", select: [u.id]',
    ),
    (
        "pg",
        "SELECT id FROM users WHERE age + 1 > id * 2",
        "",
        f"{_U}where: u.age + 1 > u.id * 2, select: [u.id]",
    ),
    # order and limit
    ("pg", "SELECT id FROM users ORDER BY name", "", f"{_U}order_by: u.name, select: [u.id]"),
    (
        "pg",
        "SELECT id FROM users ORDER BY name ASC, age",
        "",
        f"{_U}order_by: [u.name, u.age], select: [u.id]",
    ),
    (
        "pg",
        "SELECT id FROM users ORDER BY name DESC, age",
        "",
        f"{_U}order_by: [desc: u.name, asc: u.age], select: [u.id]",
    ),
    (
        "pg",
        "SELECT id FROM users ORDER BY age DESC NULLS LAST",
        "",
        f"{_U}order_by: [desc_nulls_last: u.age], select: [u.id]",
    ),
    (
        "pg",
        "SELECT id FROM users ORDER BY age NULLS FIRST",
        "",
        f"{_U}order_by: [asc_nulls_first: u.age], select: [u.id]",
    ),
    (
        "sqlite",
        "SELECT id FROM users ORDER BY age ASC NULLS LAST",
        "",
        f"{_U}order_by: [asc_nulls_last: u.age], select: [u.id]",
    ),
    ("pg", "SELECT id FROM users LIMIT 10 OFFSET 20", "", f"{_U}limit: 10, offset: 20, select: [u.id]"),
    ("mysql", "SELECT id FROM users LIMIT 20, 10", "", f"{_U}limit: 10, offset: 20, select: [u.id]"),
    # joins
    (
        "pg",
        "SELECT u.name, t.title FROM users u JOIN teams t ON t.id = u.team_id",
        "",
        f"{_U}join: t in Team, on: t.id == u.team_id, select: [u.name, t.title]",
    ),
    (
        "pg",
        "SELECT name, title FROM users INNER JOIN teams ON teams.id = team_id",
        "",
        f"{_U}join: t in Team, on: t.id == u.team_id, select: [u.name, t.title]",
    ),
    (
        "mysql",
        "SELECT u.name FROM users u LEFT OUTER JOIN teams t ON t.id = u.team_id AND t.rank > 1",
        "",
        f"{_U}left_join: t in Team, on: t.id == u.team_id and t.rank > 1, select: [u.name]",
    ),
    (
        "sqlite",
        "SELECT u.name FROM users u RIGHT JOIN teams t ON t.id = u.team_id",
        "",
        f"{_U}right_join: t in Team, on: t.id == u.team_id, select: [u.name]",
    ),
    (
        "pg",
        "SELECT u.name FROM users u FULL JOIN teams t ON t.id = u.team_id",
        "",
        f"{_U}full_join: t in Team, on: t.id == u.team_id, select: [u.name]",
    ),
    (
        "pg",
        "SELECT u.name FROM users u CROSS JOIN visits v",
        "",
        f'{_U}cross_join: v in "visits", select: [u.name]',
    ),
    (
        "pg",
        "SELECT a.name, b.name FROM users a JOIN users b ON a.age = b.age",
        "",
        "a in User, join: b in User, on: a.age == b.age, select: [a.name, b.name]",
    ),
    # what the code gives
    ("pg", "SELECT id FROM users WHERE age = $1", "a", f"{_U}where: u.age == ^a, select: [u.id]"),
    (
        "pg",
        "SELECT id FROM users WHERE age > $2 AND name = $1",
        "a, b.age",
        f"{_U}where: u.age > ^b.age and u.name == ^a, select: [u.id]",
    ),
    (
        "mysql",
        "SELECT id FROM users WHERE age > ? AND name = ? LIMIT ?",
        "a, b, c + 1",
        f"{_U}where: u.age > ^a and u.name == ^b, limit: ^(c + 1), select: [u.id]",
    ),
    ("pg", "SELECT id FROM users WHERE age = ANY($1)", "a", f"{_U}where: u.age in ^a, select: [u.id]"),
    (
        "pg",
        "SELECT id FROM users WHERE age <> ALL($1) AND id = #{b}",
        "a",
        f"{_U}where: u.age not in ^a and u.id == ^b, select: [u.id]",
    ),
    (
        "sqlite",
        "SELECT id FROM users WHERE age IN (?, ?, 3)",
        "a, b",
        f"{_U}where: u.age in [^a, ^b, 3], select: [u.id]",
    ),
    (
        "pg",
        "SELECT id FROM users WHERE name LIKE $1",
        '"#{a}%"',
        f'{_U}where: like(u.name, ^"#{{a}}%"), select: [u.id]',
    ),
    ("pg", "SELECT id FROM users WHERE age = #{a}", "", f"{_U}where: u.age == ^a, select: [u.id]"),
    ("pg", "SELECT id FROM users WHERE name = '#{a}'", "", f"{_U}where: u.name == ^a, select: [u.id]"),
    (
        "pg",
        "SELECT id FROM users WHERE name = '#{a}-#{b}'",
        "",
        f'{_U}where: u.name == ^"#{{a}}-#{{b}}", select: [u.id]',
    ),
    (
        "sqlite",
        "SELECT id FROM users WHERE name LIKE '%#{a}%' AND age = ?",
        "b",
        f'{_U}where: like(u.name, ^"%#{{a}}%") and u.age == ^b, select: [u.id]',
    ),
    (
        "pg",
        'SELECT id FROM users WHERE id IN (#{Enum.join(a, ",")})',
        "",
        f"{_U}where: u.id in ^a, select: [u.id]",
    ),
    (
        "pg",
        "SELECT id FROM users WHERE age BETWEEN $1 AND $2 LIMIT #{c}",
        "a, b",
        f"{_U}where: u.age >= ^a and u.age <= ^b, limit: ^c, select: [u.id]",
    ),
]

WRITES = [
    ("pg", "DELETE FROM visits", "", 'Repo.delete_all("visits")'),
    ("pg", "DELETE FROM users WHERE age < $1", "a", f"{_U}where: u.age < ^a"),
    (
        "mysql",
        "DELETE FROM visits WHERE page = ? OR page IS NULL",
        "a",
        f"{_V}where: v.page == ^a or is_nil(v.page)",
    ),
    ("sqlite", "DELETE FROM visits WHERE age < #{a}", "", f"{_V}where: v.age < ^a"),
    ("pg", "UPDATE users SET active = false", "", f"{_U}update: [set: [active: false]]"),
    (
        "pg",
        "UPDATE users SET name = $1, age = age + 1 WHERE id = $2",
        "a, b",
        f"{_U}where: u.id == ^b, update: [set: [name: ^a, age: u.age + 1]]",
    ),
    (
        "mysql",
        "UPDATE visits SET page = NULL WHERE id = ?",
        "a",
        f"{_V}where: v.id == ^a, update: [set: [page: nil]]",
    ),
    ("pg", "INSERT INTO visits (page) VALUES ($1)", "a", 'Repo.insert_all("visits", [%{page: a}])'),
    (
        "sqlite",
        "INSERT INTO visits (page, age) VALUES (?, 3)",
        "a",
        'Repo.insert_all("visits", [%{page: a, age: 3}])',
    ),
    (
        "pg",
        "INSERT INTO teams (title, rank) VALUES ('x', NULL)",
        "",
        'Repo.insert_all(Team, [%{title: "x", rank: nil}])',
    ),
    (
        "mysql",
        "INSERT INTO visits (page) VALUES ('a'), ('b')",
        "",
        'Repo.insert_all("visits", [ %{page: "a"}, %{page: "b"} ])',
    ),
]

UNTRANSLATED = [
    ("pg", "WITH t AS (SELECT id FROM users) SELECT id FROM t", "a common table expression"),
    ("pg", "SELECT row_number() OVER (ORDER BY id) FROM users", "a window function"),
    ("pg", "SELECT id FROM users FOR UPDATE", "a lock"),
    ("pg", "SELECT id FROM users UNION SELECT id FROM teams", "UNION and the like"),
    ("pg", "SELECT id FROM users WHERE id IN (SELECT id FROM teams)", "a subselect"),
    ("pg", "SELECT id FROM (SELECT id FROM users) x", "a subselect"),
    ("pg", "SELECT id::text FROM users", "a cast"),
    ("pg", "SELECT my_own(name) FROM users", "the function `my_own`"),
    ("pg", "SELECT CASE WHEN active THEN 1 ELSE 0 END FROM users", "a CASE"),
    ("pg", "SELECT id FROM users WHERE age > 1.5", "the number 1.5"),
    ("pg", "SELECT id FROM users WHERE name = NULL", "a comparison with NULL"),
    ("pg", "SELECT * FROM visits", "`SELECT *` of a table without a schema, or of several"),
    (
        "pg",
        "SELECT email FROM users",
        "the column `email`, which is no field of the schema or of several",
    ),
    (
        "pg",
        "SELECT u.email FROM users u",
        "the column `email`, which is no field of MyApp.Accounts.User",
    ),
    (
        "pg",
        "SELECT id FROM users JOIN teams ON true",
        "the column `id`, which is no field of the schema or of several",
    ),
    ("pg", "SELECT u.id FROM users u, teams t", "this kind of join"),
    ("pg", "SELECT u.id FROM users u JOIN teams t USING (id)", "USING"),
    ("pg", "SELECT id FROM public.users", "a table of another schema"),
    ("pg", "SELECT id FROM users ORDER BY 1", "ordering by a number"),
    ("pg", "SELECT age AS a FROM users GROUP BY 1", "grouping by an expression or a number"),
    ("pg", "SELECT age AS name FROM users GROUP BY name", "`name`, which is also the name of an output"),
    ("pg", "SELECT DISTINCT ON (age) id FROM users", "DISTINCT ON"),
    ("pg", "SELECT id FROM users WHERE name LIKE 'a%' ESCAPE '!'", "LIKE with ESCAPE"),
    ("pg", "SELECT id FROM users -- all of them", "a comment in the SQL"),
    ("pg", "SELECT id FROM users WHERE tags = 'x'", "a value of the type `{:array, :string}`"),
    ("pg", "SELECT id FROM users WHERE role = 'admin'", "a value of the type `Ecto.Enum`"),
    ("pg", "SELECT role FROM users", "reading a value of the type `Ecto.Enum`"),
    ("pg", "SELECT token FROM users", "reading a value of the type `Ecto.UUID`"),
    ("mysql", "SELECT id FROM users WHERE name = 'a' AND Age = 1", "the case of `Age`"),
    ("sqlite", "SELECT id FROM users WHERE name = ?2", "a numbered parameter"),
    ("pg", "SELECT id FROM users WHERE id = $1", "a parameter that the call does not name"),
    ("pg", "SELECT count(*) FILTER (WHERE active) FROM users", "FILTER"),
    ("pg", "SELECT sum(DISTINCT age) FROM users", "an aggregate of distinct values"),
    ("pg", "SELECT id FROM users; DELETE FROM users", "several statements"),
    ("pg", "SELECT id FROM users WHERE", "a statement that could not be read"),
]

CALLS = [
    (
        """
        %{rows: [[count]]} = Repo.query!("SELECT count(*) FROM users WHERE age = $1", [a])
        {b, c, count}
        """,
        """
count =
  Repo.one!(
    from(u in User,
      where: u.age == ^a,
      select: count()
    )
  )

{b, c, count}
""",
    ),
    (
        """
        {:ok, %Postgrex.Result{rows: rows}} = Repo.query("SELECT name FROM users")
        {b, rows}
        """,
        """
rows = Repo.all(from(u in User, select: [u.name]))
{b, rows}
""",
    ),
    (
        """
        sql = "DELETE FROM visits WHERE page = $1"
        %{num_rows: gone} = Ecto.Adapters.SQL.query!(MyApp.Repo, sql, [a], timeout: 5_000)
        gone
        """,
        """
{gone, _} = MyApp.Repo.delete_all(from(v in "visits", where: v.page == ^a), timeout: 5_000)
gone
""",
    ),
    (
        """
        %{rows: [[id, name] | rest]} = Repo.query!("SELECT id, name FROM users")
        {id, name, rest}
        """,
        """
[[id, name] | rest] = Repo.all(from(u in User, select: [u.id, u.name]))
{id, name, rest}
""",
    ),
    (
        'List.flatten(Repo.query!("SELECT name FROM users").rows)',
        "List.flatten(Repo.all(from(u in User, select: [u.name])))",
    ),
    (
        '''
        names =
          """
          SELECT name
          FROM users
          WHERE age > #{a}
          """
          |> Repo.query!()
          |> Map.fetch!(:rows)

        {b, names}
        ''',
        """
names =
  Repo.all(
    from(u in User,
      where: u.age > ^a,
      select: [u.name]
    )
  )

{b, names}
""",
    ),
    (
        """
        Repo.query!("SELECT name FROM users WHERE age > $1", [a])
        |> Map.fetch!(:rows)
        |> List.flatten()
        """,
        """
from(u in User,
  where: u.age > ^a,
  select: [u.name]
)
|> Repo.all()
|> List.flatten()
""",
    ),
    (
        '''
        sql = """
        SELECT name
        FROM users
        WHERE age > #{a + 2}
        """

        Repo.query!(sql).rows
        |> Enum.map(&hd/1)
        ''',
        """
from(u in User,
  where: u.age > ^(a + 2),
  select: [u.name]
)
|> Repo.all()
|> Enum.map(&hd/1)
""",
    ),
    (
        'Repo.query!("DELETE FROM visits WHERE page = $1", [a])',
        'Repo.delete_all(from(v in "visits", where: v.page == ^a))',
    ),
    (
        """
        log(a)
        Repo.query!("UPDATE visits SET page = $2, age = 4 WHERE page = $1", [a, b], timeout: 9_000)
        log(c)
        """,
        """
log(a)

Repo.update_all(
  from(v in "visits",
    where: v.page == ^a,
    update: [set: [page: ^b, age: 4]]
  ),
  timeout: 9_000
)

log(c)
""",
    ),
    (
        """
        %{rows: rows} =
          Repo.query!("SELECT id FROM users WHERE name LIKE 'a long beginning%' AND age > 1000 AND active AND team_id = $1", [a])

        rows
        """,
        """
rows =
  Repo.all(
    from(u in User,
      where: like(u.name, "a long beginning%"),
      where: u.age > 1000,
      where: u.active,
      where: u.team_id == ^a,
      select: [u.id]
    )
  )

rows
""",
    ),
]

LEFT_ALONE = [
    # the result's shape is used in another way
    '%{columns: columns, rows: rows} = Repo.query!("SELECT name FROM users")\n{columns, rows}',
    'result = Repo.query!("SELECT name FROM users")\nresult.rows',
    'to_maps(Repo.query!("SELECT name FROM users"))',
    'case Repo.query("SELECT name FROM users") do\n  {:ok, %{rows: rows}} -> rows\nend',
    'Repo.query!("SELECT name FROM users")',
    'Repo.query("DELETE FROM visits")\n:ok',
    'Repo.query("DELETE FROM visits")',
    '%{rows: rows} = Repo.query!("SELECT * FROM users")\nrows',
    # other options, parameters from elsewhere
    '%{rows: rows} = Repo.query!("SELECT name FROM users WHERE age = $1", a)\nrows',
    '%{rows: rows} = Repo.query!("SELECT name FROM users", [], cache_statement: "x")\nrows',
    '%{rows: rows} = Repo.query!("SELECT name FROM users WHERE id = $1", [Ecto.UUID.dump!(a)])\nrows',
    '%{rows: rows} = Repo.query!("SELECT name FROM users WHERE id = $1", [nil])\nrows',
    'id = Ecto.UUID.dump!(a)\n%{rows: rows} = Repo.query!("SELECT name FROM users WHERE token = $1", [id])\nrows',
    # comments would be lost
    '%{rows: rows} =\n  # all\n  Repo.query!("SELECT name FROM users")\n\nrows',
    # the text serves twice, and what lies between may change what it names
    'sql = "SELECT name FROM users"\n%{rows: rows} = Repo.query!(sql)\n{sql, rows}',
    'sql = "SELECT name FROM users"\nlog(a)\n%{rows: rows} = Repo.query!(sql)\nrows',
]
