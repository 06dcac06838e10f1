-- Neovim 0.7 to 0.10: in init.lua, or as a file in plugin/.
vim.api.nvim_create_autocmd("FileType", {
  pattern = { "elixir", "eelixir", "heex", "surface", "dockerfile" },
  callback = function(args)
    local root = vim.fs and vim.fs.root and vim.fs.root(args.buf, { "mix.exs", ".git" })
    if not root then
      local found = vim.fn.findfile("mix.exs", vim.fn.expand("<afile>:p:h") .. ";")
      root = found ~= "" and vim.fn.fnamemodify(found, ":p:h") or vim.fn.getcwd()
    end
    -- One server for each project, however many buffers it has.
    for id, client in pairs(vim.lsp.get_active_clients()) do
      if client.name == "otpwise" and client.config.root_dir == root then
        return vim.lsp.buf_attach_client(args.buf, client.id or id)
      end
    end
    local id = vim.lsp.start_client({ name = "otpwise", cmd = { "otpwise", "server" }, root_dir = root })
    if id then
      vim.lsp.buf_attach_client(args.buf, id)
    end
  end,
})
