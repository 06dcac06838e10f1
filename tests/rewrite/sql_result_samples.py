"""Calls of raw SQL and what becomes of them, by what the code does with the result."""

from __future__ import annotations

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
  [],
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
