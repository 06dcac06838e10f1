# Prints the running tree of an application, one process a line: depth, id, type, restart, registered name,
# strategy, restarts, seconds, and the modules that it may be the process of.
defmodule Walk do
  def tree(pid, depth) do
    for {id, child, type, modules} <- children(pid), is_pid(child) do
      IO.puts(Enum.join(line(pid, id, child, type, modules, depth), "\t"))
      if type == :supervisor and modules != [Registry], do: tree(child, depth + 1)
    end
  end

  # The newest is the first in OTP's own list.
  defp children(pid), do: pid |> :supervisor.which_children() |> Enum.reverse()

  defp line(above, id, child, type, modules, depth) do
    {strategy, restarts, seconds} = if type == :supervisor, do: limits(child), else: {nil, nil, nil}
    [depth, inspect(id), type, restart(above, id, child), name(child), strategy, restarts, seconds] ++
      [Enum.map_join(modules ++ [initial(child)], " ", &inspect/1)]
  end

  defp restart(above, :undefined, child) do
    case :sys.get_state(above) do
      %DynamicSupervisor{children: children} -> children |> Map.get(child) |> elem(1)
      _ -> nil
    end
  end

  defp restart(above, id, _) do
    case :supervisor.get_childspec(above, id) do
      {:ok, spec} -> spec.restart
      _ -> nil
    end
  end

  def limits(pid) do
    case :sys.get_state(pid) do
      %DynamicSupervisor{} = state -> {state.strategy, state.max_restarts, state.max_seconds}
      state when elem(state, 0) == :state -> {elem(state, 2), elem(state, 5), elem(state, 6)}
      _ -> {nil, nil, nil}
    end
  end

  def name(pid) do
    case Process.info(pid, :registered_name) do
      {:registered_name, name} -> inspect(name)
      _ -> ""
    end
  end

  defp initial(pid) do
    {:dictionary, dictionary} = Process.info(pid, :dictionary)
    dictionary |> Keyword.get(:"$initial_call", {nil, nil, 0}) |> elem(0)
  end
end

{:ok, _} = Shop.Orders.Desk.open(1)
{:ok, _} = Shop.Orders.Desk.work(1)
{:ok, _} = Shop.Carts.add("ada")

top = Process.whereis(Shop.Supervisor)
{strategy, restarts, seconds} = Walk.limits(top)
IO.puts(Enum.join([0, "root", :supervisor, nil, Walk.name(top), strategy, restarts, seconds, ""], "\t"))
Walk.tree(top, 1)
