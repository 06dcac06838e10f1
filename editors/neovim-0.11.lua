-- Neovim 0.11 and newer: in init.lua. It runs beside whatever else is enabled for Elixir.
vim.lsp.config("otpwise", {
  cmd = { "otpwise", "server" },
  filetypes = { "elixir", "eelixir", "heex", "surface", "dockerfile" },
  root_markers = { "mix.exs", ".git" },
  settings = { otpwise = {} },
})
vim.lsp.enable("otpwise")
