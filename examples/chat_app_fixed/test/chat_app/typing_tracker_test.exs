defmodule ChatApp.Rooms.TypingTrackerTest do
  use ExUnit.Case, async: true

  alias ChatApp.Rooms.TypingTracker

  test "forgets who has been quiet" do
    {:ok, tracker} = TypingTracker.start_link(name: :quiet_test, quiet_after: 10)

    GenServer.cast(tracker, {:typing, 1, 42})
    assert GenServer.call(tracker, {:typists, 1}) == [42]

    Process.sleep(30)
    assert GenServer.call(tracker, {:typists, 1}) == []
  end
end
