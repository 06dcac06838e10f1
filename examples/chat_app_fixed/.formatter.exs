[
  inputs: ["{mix,.formatter}.exs", "{config,lib,test}/**/*.{ex,exs}", "priv/repo/**/*.exs"],
  locals_without_parens: [
    # Ecto
    field: 2,
    field: 3,
    belongs_to: 2,
    belongs_to: 3,
    has_many: 2,
    has_many: 3,
    timestamps: 1,
    create: 1,
    add: 2,
    add: 3,
    execute: 1,
    execute: 2,
    from: 2,
    # Phoenix
    plug: 1,
    plug: 2,
    pipe_through: 1,
    get: 3,
    post: 3,
    delete: 3,
    live: 2,
    live: 3,
    resources: 3,
    resources: 4,
    socket: 3,
    channel: 2,
    action_fallback: 1,
    attr: 2,
    attr: 3,
    slot: 2
  ]
]
