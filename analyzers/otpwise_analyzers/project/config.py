"""Placeholder until the real configuration lands."""
from __future__ import annotations
from typing import Literal
import msgspec
class Settings(msgspec.Struct, frozen=True):
    profile: Literal["recommended", "strict"] = "recommended"
    def selects(self, name: str) -> bool: return True
    def level_for(self, name: str) -> str | None: return None
    def ignored_in(self, path: str) -> frozenset[str]: return frozenset()
