defmodule ChatAppWeb.Layouts do
  use ChatAppWeb, :html

  def root(assigns) do
    ~H"""
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="csrf-token" content={get_csrf_token()} />
        <title><%= assigns[:page_title] || "ChatApp" %></title>
        <script defer src={~p"/assets/app.js"}>
        </script>
      </head>
      <body><%= @inner_content %></body>
    </html>
    """
  end

  def app(assigns) do
    ~H"""
    <main><%= @inner_content %></main>
    """
  end
end
