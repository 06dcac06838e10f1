defmodule ChatApp.Repo.Migrations.AddDailyActivity do
  use Ecto.Migration

  @view "daily_activity"

  def up do
    execute "CREATE MATERIALIZED VIEW #{@view} AS SELECT date(inserted_at) AS day, count(*) AS messages FROM messages GROUP BY 1"
    execute "CREATE UNIQUE INDEX #{@view}_day ON #{@view} (day)"
  end

  def down do
    execute "DROP MATERIALIZED VIEW #{@view}"
  end
end
