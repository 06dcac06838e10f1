alias ChatApp.{Accounts, Repo, Rooms}
alias ChatApp.Rooms.Membership

for name <- ~w(ada grace) do
  {:ok, _user} =
    Accounts.register_user(%{
      username: name,
      email: "#{name}@example.com",
      password: "correct horse battery"
    })
end

ada = Accounts.get_user_by_username("ada")
grace = Accounts.get_user_by_username("grace")

{:ok, room} = Rooms.create_room(ada, %{name: "general", topic: "Everything and nothing"})
Repo.insert!(%Membership{room_id: room.id, user_id: grace.id})
Repo.update!(Ecto.Changeset.change(room, members_count: 2))
