"""HEALTHCHECK for the image of a release."""

from __future__ import annotations

import re

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.distributions import distribution_of
from otpwise_analyzers.project.images import ElixirImage
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.dockerfile_edits import before, change_of, named
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax.dockerfile import expanded
from otpwise_analyzers.syntax.shell import Command

_TODO = "# TODO: a route that answers 200 only when the application can do its work\n"
_FALLBACK = "/health"
DEFAULT_PORT = "4000"
INSTALLERS = frozenset({"apk", "apt", "apt-get"})


def checked(image: ElixirImage, path: str | None, context: FixContext) -> Change | None:
    """The change that asks the route; with `path` None a place is marked where one is to be named.

    None where no HTTP client is in the image and none can be added.
    """
    if image.start is None or image.start.stage is not image.final or image.final.has_error:
        return None
    client = _client(image)
    edits: list[Edit] = []
    if client is None:
        package = _place_for_a_package(image)
        if package is None:
            return None
        edits.append(Edit(package, package, " curl"))
        client = "curl"
    url = f"http://localhost:{port_of(image)}{path or _FALLBACK}"
    asked = f"wget -q -O /dev/null {url}" if client == "wget" else f"curl -fsS {url}"
    check = f"{named(image.file, 'HEALTHCHECK')} --interval=30s --timeout=3s CMD {asked} || exit 1\n"
    edits.append(before(image.start, (_TODO if path is None else "") + check))
    return (change_of(image.file, edits),)


def port_of(image: ElixirImage) -> str:
    """The port that the container listens to: exposed, or PORT, or Phoenix's own."""
    values = image.final.environment()
    for one in image.final.lineage:
        if one.name == "EXPOSE" and one.arguments:
            port = expanded(one.arguments[0].text.partition("/")[0], values)
            if port is not None and port.isdigit():
                return port
    known = values.get("PORT")
    return known if known is not None and known.isdigit() else DEFAULT_PORT


def _client(image: ElixirImage) -> str | None:
    """The HTTP client that the image has."""
    packages = {word for command in installs_of(image) for word in packages_in(command)}
    for client in ("curl", "wget"):
        if client in packages:
            return client
    first = list(image.final.bases)[-1]
    distribution = distribution_of(first.image) if first.image else None
    # Busybox has one; Elixir's images on Debian come with curl unless they are slim.
    return "wget" if distribution is not None and distribution.name == "alpine" else None


def installs_of(image: ElixirImage) -> list[Command]:
    """The `apt-get install` and `apk add` commands of the final stage."""
    return [
        command
        for one in image.final.lineage
        if one.name == "RUN"
        for command in one.commands
        if command.name in INSTALLERS and packages_in(command)
    ]


def packages_in(command: Command) -> list[str]:
    """The packages that a command installs, without their versions."""
    words = [word for word in command.arguments if not word.startswith("-")]
    if not words or words[0] not in ("install", "add"):
        return []
    return [re.split(r"[=<>~]", word)[0] for word in words[1:] if not word.startswith((".", "$", "/"))]


def _place_for_a_package(image: ElixirImage) -> int | None:
    """Behind the last package that Debian's installer gets in the final stage."""
    for command in installs_of(image):
        if command.name in ("apt", "apt-get"):
            last = [word for word in command.words if not word.text.startswith("-")][-1]
            start, end = last.span
            if image.file.data[start:end].decode("utf-8", "replace") == last.text:
                return end
    return None
