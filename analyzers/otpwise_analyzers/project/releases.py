"""What the project's mix.exs says of its release."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.project.images import ElixirImage
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile


def release_name(image: ElixirImage, context: FixContext) -> str | None:
    """The name under which `mix release` makes the release; None where that cannot be told.

    Said on the command line, or by the command that starts it; else by the only entry of `releases:`, else by the app's own name. An umbrella
    without `releases:` has none.
    """
    if image.release is not None:
        named = [word.text for word in image.release.arguments if not word.text.startswith("-")]
        if named and "$" not in named[0] and image.release.arguments[0].text == named[0]:
            return named[0]
    started = image.started_release
    if started is not None and "$" not in started.name and started.name != "server":
        return started.name
    mix = context.open("mix.exs")
    if mix is None:
        return None
    names = _releases(mix)
    if names is not None:
        return names[0] if len(names) == 1 else None
    if _value_of(mix, "apps_path") is not None:
        return None
    app = _value_of(mix, "app")
    return nodes.atom_literal(app, mix.data) if app is not None else None


def builds_assets(context: FixContext) -> bool:
    """Whether the project has `assets/` and an alias that builds them for production."""
    mix = context.open("mix.exs")
    has_assets = any(
        context.exists(f"assets/{path}") for path in ("js/app.js", "css/app.css", "js/app.ts", "package.json")
    )
    return has_assets and mix is not None and b'"assets.deploy"' in mix.data


def _releases(mix: ElixirFile) -> list[str] | None:
    value = _value_of(mix, "releases")
    if value is None:
        return None
    if value.type in ("call", "identifier"):
        name = mix.text(value).removesuffix("()")
        definition = next((one for one in mix.definitions if one.name == name and one.statements), None)
        if definition is None:
            return []
        value = definition.statements[-1]
    keywords = nodes.child_of_type(value, "keywords") if value.type == "list" else None
    pairs = nodes.named(keywords) if keywords is not None else []
    keys = [pair.child_by_field_name("key") for pair in pairs if pair.type == "pair"]
    return [nodes.keyword_name(key, mix.data) for key in keys if key is not None]


def _value_of(mix: ElixirFile, name: str) -> Node | None:
    for pair in nodes.descendants(mix.root, "pair"):
        key = pair.child_by_field_name("key")
        if key is not None and nodes.keyword_name(key, mix.data) == name:
            return pair.child_by_field_name("value")
    return None
