"""The system that a base image stands on, as far as its name says it."""

from __future__ import annotations

import re
from typing import NamedTuple

from otpwise_analyzers.syntax.dockerfile import Image

# The year of a release orders it; OpenSSL's major version is what Erlang's `crypto` is linked against.
_DEBIAN = {
    "stretch": (9, 1), "buster": (10, 1), "bullseye": (11, 1), "bookworm": (12, 3), "trixie": (13, 3), "forky": (14, 3),
}  # fmt: skip
_UBUNTU = {"bionic": (18, 1), "focal": (20, 1), "jammy": (22, 3), "noble": (24, 3), "resolute": (26, 3)}
_DEBIAN_NUMBERS = {number: name for name, (number, _) in _DEBIAN.items()}
_UBUNTU_NUMBERS = {number: name for name, (number, _) in _UBUNTU.items()}
_FIRST_ALPINE_WITH_OPENSSL_3 = 17
_OFFICIAL_ON_DEBIAN = frozenset({"elixir", "erlang", "python", "node", "golang", "rust", "ruby", "openjdk"})


class Distribution(NamedTuple):
    """`name` is `alpine`, `debian` or `ubuntu`; `version` orders its releases, None when it is not said."""

    name: str
    release: str = ""
    version: int | None = None
    openssl: int | None = None

    @property
    def libc(self) -> str:
        """The C library; programs built for one do not start under another."""
        return "musl" if self.name == "alpine" else "glibc"

    def __str__(self) -> str:
        return f"{self.name.capitalize()} {self.release}".rstrip()


def distribution_of(reference: str) -> Distribution | None:
    """The system of an image by its full name; None when nothing says it."""
    image = Image.of(reference)
    name = image.repository.rpartition("/")[2]
    if name == "alpine":
        return _alpine(image.tag)
    if name == "debian":
        return _debian(image.tag)
    if name == "ubuntu":
        return _ubuntu(image.tag)
    tag = image.tag
    if (match := re.search(r"alpine-?(\d[\d.]*)?", tag)) is not None:
        return _alpine(match[1] or "")
    for word in re.split(r"[-_.]", f"{name}-{tag}"):
        if word.removesuffix("0") in _DEBIAN or re.fullmatch(r"debian\d+", word):
            return _debian(word.removeprefix("debian"))
        if word in _UBUNTU:
            return _ubuntu(word)
    if "ubuntu" in tag:
        return Distribution("ubuntu")
    if "debian" in tag or "debian" in name or image.repository.rpartition("/")[2] in _OFFICIAL_ON_DEBIAN:
        return Distribution("debian")
    return None


def _alpine(tag: str) -> Distribution:
    match = re.match(r"3\.(\d+)", tag)
    if match is None:
        return Distribution("alpine")
    minor = int(match[1])
    return Distribution("alpine", f"3.{minor}", minor, 3 if minor >= _FIRST_ALPINE_WITH_OPENSSL_3 else 1)


def _debian(tag: str) -> Distribution:
    match = re.match(r"(\d+)", tag)
    word = _DEBIAN_NUMBERS.get(int(match[1]), "") if match is not None else tag.partition("-")[0]
    known = _DEBIAN.get(word)
    return Distribution("debian", word, *known) if known is not None else Distribution("debian")


def _ubuntu(tag: str) -> Distribution:
    match = re.match(r"(\d+)\.04", tag)
    word = _UBUNTU_NUMBERS.get(int(match[1]), "") if match is not None else tag.partition("-")[0]
    known = _UBUNTU.get(word)
    return Distribution("ubuntu", word, *known) if known is not None else Distribution("ubuntu")
