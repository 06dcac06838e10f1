defmodule ChatAppWeb.ErrorJSON do
  def render("changeset.json", %{changeset: changeset}) do
    %{errors: Ecto.Changeset.traverse_errors(changeset, &interpolate/1)}
  end

  def render(template, _assigns) do
    %{errors: %{detail: Phoenix.Controller.status_message_from_template(template)}}
  end

  defp interpolate({message, opts}) do
    Enum.reduce(opts, message, fn {key, value}, text ->
      String.replace(text, "%{#{key}}", fn _ -> to_string(value) end)
    end)
  end
end
