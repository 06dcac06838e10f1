"""The projects behind the examples of rules that rewrite a whole Dockerfile."""

from __future__ import annotations

from otpwise_analyzers.rules.sample_files import mix

_CONFIG = 'import Config\n\nimport_config "#{config_env()}.exs"\n'

PROJECT = {
    "mix.exs": mix('{:phoenix, "~> 1.7"}'),
    "mix.lock": "%{}\n",
    "config/config.exs": _CONFIG,
    "config/prod.exs": "import Config\n",
    "config/runtime.exs": """\
import Config

if System.get_env("PHX_SERVER") do
  config :my_app, MyAppWeb.Endpoint, server: true
end
""",
    ".dockerignore": "_build/\ndeps/\n",
}

UMBRELLA = {
    "mix.exs": """\
defmodule Shop.Umbrella.MixProject do
  use Mix.Project

  def project do
    [apps_path: "apps", version: "0.1.0", deps: [], releases: releases()]
  end

  defp releases do
    [shop: [applications: [shop: :permanent, shop_web: :permanent]]]
  end
end
""",
    "mix.lock": '%{\n  "phoenix": {:hex, :phoenix, "1.7.11", "0"}\n}\n',
    "apps/shop/mix.exs": mix('{:ecto_sql, "~> 3.11"}', module="Shop", app="shop"),
    "apps/shop_web/mix.exs": mix(
        '{:phoenix, "~> 1.7"}', "{:shop, in_umbrella: true}", module="ShopWeb", app="shop_web"
    ),
    "config/config.exs": _CONFIG,
    "config/prod.exs": "import Config\n",
    ".dockerignore": "_build/\ndeps/\n",
}
