defmodule ChatAppWeb.ThreadChannelTest do
  use ChatApp.DataCase

  import Phoenix.ChannelTest

  alias ChatApp.{Messages, Rooms}
  alias ChatAppWeb.{ThreadChannel, UserSocket}

  @endpoint ChatAppWeb.Endpoint

  setup do
    ada = user_fixture("ada")
    {:ok, room} = Rooms.create_room(ada, %{name: "engines"})
    {:ok, root} = Messages.post_message(ada, room.id, %{body: "It weaves algebraic patterns."})
    %{ada: ada, root: root}
  end

  test "a stranger is turned away", %{root: root} do
    socket = socket(UserSocket, "stranger", %{current_user: user_fixture("mallory")})

    assert {:error, %{reason: "unauthorized"}} =
             subscribe_and_join(socket, ThreadChannel, "thread:#{root.id}")
  end

  test "the sixth reply within a second is refused", %{ada: ada, root: root} do
    socket = socket(UserSocket, "ada", %{current_user: ada})
    {:ok, _reply, socket} = subscribe_and_join(socket, ThreadChannel, "thread:#{root.id}")

    for n <- 1..5 do
      push(socket, "reply", %{"body" => "reply #{n}"})
      assert_broadcast("replied", %{})
    end

    ref = push(socket, "reply", %{"body" => "one too many"})
    assert_reply(ref, :error, %{reason: "rate_limited"})
  end
end
