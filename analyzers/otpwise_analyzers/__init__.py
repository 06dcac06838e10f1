"""Otpwise's library: Elixir source in, findings and fixes out.

Pure: no LSP types, no sockets, no printing. Positions are byte offsets.
"""

__version__ = "0.1.0"
