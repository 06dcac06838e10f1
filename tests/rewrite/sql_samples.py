"""Statements and the Ecto queries that they are, written by hand, and the project that they stand in."""

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
    field :born, :date
    field :seen_at, :naive_datetime
    field :score, :decimal
    belongs_to :team, MyApp.Accounts.Team
    belongs_to :boss, MyApp.Accounts.User
    has_many :reports, MyApp.Accounts.User, foreign_key: :boss_id
    has_one :owned, MyApp.Accounts.Team, foreign_key: :owner_id
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
    field :code, :string
    belongs_to :owner, MyApp.Accounts.User
    has_many :members, MyApp.Accounts.User
    has_many :active, MyApp.Accounts.User, where: [active: true]
    has_many :namesakes, MyApp.Accounts.User, foreign_key: :name, references: :title
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
        f"{_U}join: t in assoc(u, :team), select: [u.name, t.title]",
    ),
    (
        "pg",
        "SELECT name, title FROM users INNER JOIN teams ON teams.id = team_id",
        "",
        f"{_U}join: t in assoc(u, :team), select: [u.name, t.title]",
    ),
    (
        "mysql",
        "SELECT u.name FROM users u LEFT OUTER JOIN teams t ON t.id = u.team_id AND t.rank > 1",
        "",
        f"{_U}left_join: t in assoc(u, :team), on: t.rank > 1, select: [u.name]",
    ),
    (
        "sqlite",
        "SELECT u.name FROM users u RIGHT JOIN teams t ON t.id = u.team_id",
        "",
        f"{_U}right_join: t in assoc(u, :team), select: [u.name]",
    ),
    (
        "pg",
        "SELECT u.name FROM users u FULL JOIN teams t ON t.id = u.team_id",
        "",
        f"{_U}full_join: t in assoc(u, :team), select: [u.name]",
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
