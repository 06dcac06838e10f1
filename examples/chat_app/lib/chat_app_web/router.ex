defmodule ChatAppWeb.Router do
  use ChatAppWeb, :router

  pipeline :browser do
    plug :accepts, ["html"]
    plug :fetch_session
    plug :fetch_live_flash
    plug :put_root_layout, html: {ChatAppWeb.Layouts, :root}
    plug :protect_from_forgery
    plug :put_secure_browser_headers
    plug ChatAppWeb.Plugs.FetchCurrentUser
  end

  pipeline :api do
    plug :accepts, ["json"]
    plug :fetch_session
    plug ChatAppWeb.Plugs.FetchCurrentUser
  end

  pipeline :signed_in do
    plug ChatAppWeb.Plugs.RequireUser
  end

  scope "/", ChatAppWeb do
    get "/health", HealthController, :show
  end

  scope "/", ChatAppWeb do
    pipe_through [:browser, :signed_in]

    live "/", LobbyLive
    live "/about", AboutLive
    live "/rooms/:id", RoomLive
  end

  scope "/api", ChatAppWeb do
    pipe_through :api

    post "/session", SessionController, :create
    delete "/session", SessionController, :delete
  end

  scope "/api", ChatAppWeb do
    pipe_through [:api, :signed_in]

    get "/archive", ArchiveController, :index
    get "/search", SearchController, :index
    post "/feedback", FeedbackController, :create
    post "/invitations/:token/accept", InvitationController, :accept

    resources "/rooms", RoomController, only: [:index, :show, :create] do
      resources "/messages", MessageController, only: [:index, :create, :delete]

      resources "/members", MemberController, only: [:show, :update] do
        get "/stats", MemberController, :stats
      end

      resources "/invitations", InvitationController, only: [:index, :create]
    end
  end
end
