"""What pygls made of JSON that it knows no type for, as JSON again."""

from __future__ import annotations

from typing import Any


def plain(value: Any) -> Any:
    """Dictionaries, lists and scalars."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value
