"""Names in sentences."""

from __future__ import annotations

from collections.abc import Sequence


def joined(names: Sequence[str], last: str = "and", most: int = 4) -> str:
    """`A`, `B` and `C`; of more than `most`, the rest as a number."""
    shown = [f"`{name}`" for name in names]
    if len(shown) > most:
        rest = len(shown) - most + 1
        shown = [*shown[: most - 1], f"{rest} more"]
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} {last} {shown[-1]}"
