"""The behaviours whose callbacks are those of a GenServer."""

SERVERS = ("GenServer", ":gen_server", "GenStage", "GenStateMachine", "Connection", "Parent.GenServer")
