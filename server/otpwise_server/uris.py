"""Document URIs and the paths that they stand for.

Clients spell one URI in several ways (`c%3A` and `C:`, escaped or not). A document is known by
`normalized`; every answer uses the client's own spelling.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

_DRIVE = re.compile(r"^/([A-Za-z]):")


def normalized(uri: str) -> str:
    """One spelling for all URIs of one document."""
    if not uri.startswith("file:"):
        return unquote(uri)
    plain = unquote(uri[len("file:") :])
    # file:/a, file:///a and file://localhost/a are the same file.
    if plain.startswith("//localhost/"):
        plain = plain[len("//localhost") :]
    elif plain.startswith("///"):
        plain = plain[2:]
    plain = _DRIVE.sub(lambda match: f"/{match[1].lower()}:", plain)
    return f"file:{plain}"


def to_path(uri: str) -> Path | None:
    """The absolute path of a `file:` URI; None for every other scheme (`untitled:`, `git:`, ...)."""
    if not uri.startswith("file:"):
        return None
    parts = urlsplit(uri)
    path = unquote(parts.path)
    if parts.netloc and parts.netloc != "localhost":
        path = f"//{unquote(parts.netloc)}{path}"
    elif os.name == "nt":
        path = _DRIVE.sub(lambda match: f"{match[1].lower()}:", path)
    if not path or "\0" in path:
        return None
    return Path(os.path.normpath(path))


def from_path(path: Path) -> str:
    """The `file:` URI of an absolute path."""
    plain = path.as_posix()
    if plain.startswith("//"):
        return f"file:{quote(plain)}"
    if not plain.startswith("/"):
        plain = f"/{plain[0].lower()}{plain[1:]}"
        return f"file://{quote(plain, safe='/:')}"
    return f"file://{quote(plain)}"
