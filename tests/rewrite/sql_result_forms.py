"""Calls of raw SQL by how the result is taken apart further on: the body, the query in keywords, in pipe form."""

from __future__ import annotations

FORMS: list[tuple[str, str, str | None]] = [
    (
        """\
result = Repo.query!("SELECT name FROM users WHERE age > $1", [a])
Enum.map(result.rows, fn [name] -> name end)
""",
        """\
rows =
  Repo.all(
    from(u in User,
      where: u.age > ^a,
      select: [u.name]
    )
  )

Enum.map(rows, fn [name] -> name end)
""",
        """\
rows =
  User
  |> where([u], u.age > ^a)
  |> select([u], [u.name])
  |> Repo.all()

Enum.map(rows, fn [name] -> name end)
""",
    ),
    (
        """\
result = Repo.query!("SELECT name FROM users")
[[rows]] = result.rows
{rows, length(result.rows)}
""",
        """\
result = Repo.all(from(u in User, select: [u.name]))
[[rows]] = result
{rows, length(result)}
""",
        """\
result =
  User
  |> select([u], [u.name])
  |> Repo.all()

[[rows]] = result
{rows, length(result)}
""",
    ),
    (
        """\
{:ok, result} = Repo.query("DELETE FROM visits WHERE page = $1", [a])
result.num_rows
""",
        """\
{count, _} = Repo.delete_all(from(v in "visits", where: v.page == ^a))
count
""",
        """\
{count, _} =
  "visits"
  |> where([v], v.page == ^a)
  |> Repo.delete_all()

count
""",
    ),
    (
        """\
case Repo.query!("SELECT name FROM users WHERE id = $1", [a]) do
  %{rows: []} -> nil
  %{rows: [[name]]} when name != "x" -> name
  _ -> b
end
""",
        """\
case Repo.all(from(u in User, where: u.id == ^a, select: [u.name])) do
  [] -> nil
  [[name]] when name != "x" -> name
  _ -> b
end
""",
        """\
case User |> where([u], u.id == ^a) |> select([u], [u.name]) |> Repo.all() do
  [] -> nil
  [[name]] when name != "x" -> name
  _ -> b
end
""",
    ),
    (
        """\
case Repo.query("SELECT name FROM users WHERE id = $1", [a]) do
  {:ok, %{rows: []}} -> nil
  {:ok, %{rows: [[name] | _]}} -> name
  {:error, error} -> raise error
end
""",
        """\
case Repo.all(from(u in User, where: u.id == ^a, select: [u.name])) do
  [] -> nil
  [[name] | _] -> name
end
""",
        """\
case User |> where([u], u.id == ^a) |> select([u], [u.name]) |> Repo.all() do
  [] -> nil
  [[name] | _] -> name
end
""",
    ),
    (
        """\
case Repo.query!("DELETE FROM visits WHERE page = $1", [a]) do
  %{num_rows: 0} -> :none
  %{num_rows: n} -> n
end
""",
        """\
case Repo.delete_all(from(v in "visits", where: v.page == ^a)) do
  {0, _} -> :none
  {n, _} -> n
end
""",
        """\
case "visits" |> where([v], v.page == ^a) |> Repo.delete_all() do
  {0, _} -> :none
  {n, _} -> n
end
""",
    ),
    (
        """\
with %{rows: [[name]]} <- Repo.query!("SELECT name FROM users WHERE id = $1", [a]) do
  name
end
""",
        """\
with [[name]] <- Repo.all(from(u in User, where: u.id == ^a, select: [u.name])) do
  name
end
""",
        None,
    ),
    (
        """\
%{columns: columns, rows: rows} = Repo.query!("SELECT * FROM users WHERE age > $1", [a])
Enum.map(rows, &Repo.load(MyApp.Accounts.User, {columns, &1}))
""",
        """\
Repo.all(from(u in User, where: u.age > ^a))
""",
        """\
User
|> where([u], u.age > ^a)
|> Repo.all()
""",
    ),
    (
        """\
result = Repo.query!("SELECT u.* FROM users u JOIN teams t ON t.id = u.team_id WHERE t.rank > $1", [a])
users = Enum.map(result.rows, fn row -> Repo.load(MyApp.Accounts.User, {result.columns, row}) end)
{b, users}
""",
        """\
users =
  Repo.all(
    from(u in User,
      join: t in assoc(u, :team),
      where: t.rank > ^a
    )
  )

{b, users}
""",
        """\
users =
  User
  |> join(:inner, [u], t in assoc(u, :team))
  |> where([u, t], t.rank > ^a)
  |> Repo.all()

{b, users}
""",
    ),
    (
        """\
%{columns: columns, rows: rows} = Repo.query!("SELECT id, name FROM users WHERE age > $1", [a])
Enum.map(rows, fn row -> columns |> Enum.zip(row) |> Map.new() end)
""",
        """\
Repo.all(
  from(u in User,
    where: u.age > ^a,
    select: %{"id" => u.id, "name" => u.name}
  )
)
""",
        """\
User
|> where([u], u.age > ^a)
|> select([u], %{"id" => u.id, "name" => u.name})
|> Repo.all()
""",
    ),
    (
        """\
result = Repo.query!("SELECT team_id, count(*) AS people FROM users GROUP BY team_id")
teams = Enum.map(result.rows, &Map.new(Enum.zip(result.columns, &1)))
{b, teams}
""",
        """\
teams =
  Repo.all(
    from(u in User,
      group_by: u.team_id,
      select: %{"team_id" => u.team_id, "people" => count()}
    )
  )

{b, teams}
""",
        """\
teams =
  User
  |> group_by([u], u.team_id)
  |> select([u], %{"team_id" => u.team_id, "people" => count()})
  |> Repo.all()

{b, teams}
""",
    ),
    (
        """\
result = Repo.query!("SELECT id AS the_first_number, name AS the_second_name, age AS the_third_of_them, team_id FROM users")
Enum.map(result.rows, &Enum.into(Enum.zip(result.columns, &1), %{}))
""",
        """\
Repo.all(
  from(u in User,
    select: %{
      "the_first_number" => u.id,
      "the_second_name" => u.name,
      "the_third_of_them" => u.age,
      "team_id" => u.team_id
    }
  )
)
""",
        """\
User
|> select([u], %{
  "the_first_number" => u.id,
  "the_second_name" => u.name,
  "the_third_of_them" => u.age,
  "team_id" => u.team_id
})
|> Repo.all()
""",
    ),
    (
        """\
%{rows: [[id]]} = Repo.query!("INSERT INTO visits (page) VALUES ($1) RETURNING id", [a])
{:made, is_integer(id)}
""",
        """\
{_, [%{id: id}]} = Repo.insert_all("visits", [%{page: a}], returning: [:id])
{:made, is_integer(id)}
""",
        None,
    ),
    (
        """\
%{rows: [[title, rank]]} = Repo.query!("INSERT INTO teams (title, rank) VALUES ($1, 3) RETURNING title, rank", [a])
{title, rank}
""",
        """\
{_, [%{title: title, rank: rank}]} =
  Repo.insert_all(
    Team,
    [%{title: a, rank: 3}],
    returning: [:title, :rank]
  )

{title, rank}
""",
        None,
    ),
    (
        """\
%{rows: rows} = Repo.query!("DELETE FROM visits WHERE page = $1 RETURNING id, age", [a])

rows
""",
        """\
{_, rows} =
  Repo.delete_all(
    from(v in "visits",
      where: v.page == ^a,
      select: [v.id, v.age]
    )
  )

rows
""",
        """\
{_, rows} =
  "visits"
  |> where([v], v.page == ^a)
  |> select([v], [v.id, v.age])
  |> Repo.delete_all()

rows
""",
    ),
    (
        """\
%{rows: rows} = Repo.query!("UPDATE users SET age = 3 WHERE age > $1 RETURNING name", [a])

rows
""",
        """\
{_, rows} =
  Repo.update_all(
    from(u in User,
      where: u.age > ^a,
      update: [set: [age: 3]],
      select: [u.name]
    ),
    []
  )

rows
""",
        """\
{_, rows} =
  User
  |> where([u], u.age > ^a)
  |> update([u], set: [age: 3])
  |> select([u], [u.name])
  |> Repo.update_all([])

rows
""",
    ),
]

# Where more of the result is used, or an error of the database is handed on.
UNKNOWN_FORMS = [
    'result = Repo.query!("SELECT name FROM users")\n{result.rows, result.columns}',
    'result = Repo.query!("SELECT name FROM users")\nlog(result)\nresult.rows',
    'case Repo.query("SELECT name FROM users") do\n  {:ok, %{rows: rows}} -> rows\n  {:error, _} -> []\nend',
    'with {:ok, %{rows: rows}} <- Repo.query("SELECT name FROM users") do\n  rows\nend',
    'result = Repo.query!("SELECT * FROM users")\nusers = Enum.map(result.rows, fn row -> Repo.load(MyApp.Accounts.User, {result.columns, row}) end)\n{b, users, result}',
    'result = Repo.query!("SELECT * FROM users")\nusers = Enum.map(result.rows, &Repo.load(MyApp.Accounts.Team, {result.columns, &1}))\n{b, users}',
    'result = Repo.query!("SELECT team_id, count(*) FROM users GROUP BY team_id")\nteams = Enum.map(result.rows, &Map.new(Enum.zip(result.columns, &1)))\n{b, teams}',
    '%{rows: rows} = Repo.query!("INSERT INTO teams (title, rank) VALUES ($1, 3) RETURNING title", [a])\n{rows}',
]
