"""Templates as Elixir: a copy of the same length in which all that is not Elixir is blank.

Byte offsets and lines stay those of the template. `<%= for x <- xs do %> .. <% end %>` becomes the code
that EEx makes of it; in HEEx, the `{...}` of texts and attributes become statements of their own.
What is code and what is not is decided as EEx's and LiveView's own tokenizers decide it: the first `%>`
ends an EEx tag, braces are counted without a look at strings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import Enum
from typing import NamedTuple

from otpwise_analyzers.source.edits import Span


class Engine(Enum):
    """Which characters begin code: `<%` in both, `{` in HEEx as well."""

    EEX = "eex"
    HEEX = "heex"


class Masked(NamedTuple):
    """The Elixir of a template. `code` has its length; `comments` are the places of the template's own
    comments, delimiters included, and `wide` those of tags and expressions that take several lines."""

    code: bytes
    comments: tuple[Span, ...] = ()
    wide: tuple[Span, ...] = ()


_BLANK = bytes(byte if byte in b"\r\n" else 0x20 for byte in range(256))
_BLANK_LINE = re.compile(rb"\n (?= *\r?\n)")

_IN_TEXT = re.compile(rb"<%|<!--|</?[A-Za-z.:]|<!")
_IN_HEEX_TEXT = re.compile(rb"<%|<!--|</?[A-Za-z.:]|<!|\{")
# What a tag has beside code: quoted values without `<` are passed over whole.
_TAG_TEXT = re.compile(rb"(?:[^<>\"'{/]++|\"[^\"<]*+\"|'[^'<]*+'|/(?!>))*+")
_BRACES = re.compile(rb"\\[{}]|[{}]|<%")
_NAME = re.compile(rb"[^\s/>=\"'{}<]+")
_NO_BRACES = re.compile(rb"\sphx-no-curly-interpolation(?=[\s/>=])")
_VOID = frozenset(
    {
        *(b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link"),
        *(b"meta", b"param", b"source", b"track", b"wbr", b"command", b"keygen", b"menuitem"),
    }
)

# What EEx calls start, middle and end expressions, by how they begin and end.
_OPENS = re.compile(rb"(?:(?<![\w?!@:.])(?:do|else|rescue|catch|after)|->)\s*\Z")
_CLOSES = re.compile(rb"\s*(?:(?:end|else|rescue|catch|after)(?![\w?!:])|[)\]}])")
_CLAUSE = re.compile(rb"->\s*\Z")
_FN = re.compile(rb"(?<![\w?!@:.])fn(?![\w?!:])")
_END = re.compile(rb"(?<![\w?!@:.])end(?![\w?!:])")


def mask(data: bytes, engine: Engine, is_sound: Callable[[bytes], bool] = lambda code: True) -> Masked:
    """The Elixir of a template. Never fails, in linear time.

    Where the whole is not `is_sound`, only the expressions that are so by themselves stay: what a missing
    `end` does to the code around it nobody knows.
    """
    scanner = _Scanner(data, engine)
    scanner.run()
    comments, wide = tuple(sorted(scanner.comments)), tuple(sorted(scanner.wide))
    code = _copy(data, scanner.pieces)
    if not is_sound(code):
        code = _copy(data, [piece for piece in scanner.pieces if is_sound(data[piece.start : piece.end])])
        if not is_sound(code):
            code = _blank(data)
    return Masked(code, comments, wide)


class _Piece(NamedTuple):
    """An expression: the first byte of its delimiter, and the bytes of its code."""

    opening: int
    start: int
    end: int


class _Scanner:
    def __init__(self, data: bytes, engine: Engine) -> None:
        self.data = data
        self.heex = engine is Engine.HEEX
        self.pieces: list[_Piece] = []
        self.comments: list[Span] = []
        self.wide: list[Span] = []
        # Depth within a tag without curly interpolation; None where there is some.
        self.plain: int | None = None
        # The braces that close others, known for those before byte `paired_up_to`.
        self.closing: dict[int, int] = {}
        self.paired_up_to = 0

    # -- scanning ----------------------------------------------------------------------------------

    def run(self) -> None:
        data = self.data
        pattern = _IN_HEEX_TEXT if self.heex else re.compile(rb"<%")
        at = 0
        while (match := pattern.search(data, at)) is not None:
            token = match.group()
            if token == b"<%":
                at = self._eex(match.start())
            elif token == b"{":
                at = self._braces(match.start()) if self.plain is None else match.end()
            elif token == b"<!--":
                at = self._until(b"-->", match.end())
            elif token == b"<!":
                at = self._until(b">", match.end())
            elif token.startswith(b"</"):
                self._close()
                at = self._until(b">", match.end())
            else:
                at = self._tag(match.start())

    def _eex(self, at: int) -> int:
        """An EEx tag that begins at byte `at`; returns the byte behind it."""
        data, end = self.data, len(self.data)
        if data.startswith(b"<%%", at):
            return at + 3
        if data.startswith(b"<%!--", at):
            close = data.find(b"--%>", at + 5)
            self.comments.append(Span(at, close + 4 if close >= 0 else end))
            return close + 4 if close >= 0 else end
        close = data.find(b"%>", at + 2)
        if close < 0:
            return end
        if data.startswith(b"<%#", at):
            self.comments.append(Span(at, close + 2))
            return close + 2
        start = at + 3 if data[at + 2 : at + 3] in (b"=", b"/", b"|") else at + 2
        self._piece(at, start, close, close + 2)
        return close + 2

    def _braces(self, at: int) -> int:
        """`{...}` that begins at byte `at`; a brace that nothing closes before the next EEx tag is text."""
        if at >= self.paired_up_to:
            self._pair(at)
        close = self.closing.get(at)
        if close is None:
            return at + 1
        self._piece(at, at + 1, close, close + 1)
        return close + 1

    def _pair(self, at: int) -> None:
        """Finds the closing braces from byte `at` to the next EEx tag, all at once."""
        opened: list[int] = []
        self.closing = {}
        self.paired_up_to = len(self.data)
        for match in _BRACES.finditer(self.data, at):
            token = match.group()
            if token == b"{":
                opened.append(match.start())
            elif token == b"}":
                if opened:
                    self.closing[opened.pop()] = match.start()
            elif token == b"<%":
                self.paired_up_to = match.start()
                return

    def _piece(self, opening: int, start: int, end: int, closing: int) -> None:
        text = self.data[start:end]
        if text.lstrip().startswith(b"#") and b"\n" not in text.strip():
            # Nothing but a comment: the tag is one.
            self.comments.append(Span(opening, closing))
            return
        if b"#" in text:
            for first, last in comments_in(text):
                self.comments.append(Span(start + first, start + last))
        if b"\n" in text:
            self.wide.append(Span(opening, end))
        self.pieces.append(_Piece(opening, start, end))

    def _until(self, closing: bytes, at: int) -> int:
        """The byte behind `closing`, or the end; EEx on the way is code, whatever is around it."""
        data = self.data
        close = data.find(closing, at)
        while True:
            stop = close if close >= 0 else len(data)
            tag = data.find(b"<%", at, stop)
            if tag < 0:
                return stop + len(closing) if close >= 0 else stop
            at = self._eex(tag)
            if 0 <= close < at:
                close = data.find(closing, at)

    def _tag(self, at: int) -> int:
        """A tag that begins at byte `at`; returns the byte behind it."""
        data = self.data
        position = at + 1
        while (match := _TAG_TEXT.match(data, position)) is not None:
            position = match.end()
            token = data[position : position + 1]
            if token == b"{":
                position = self._braces(position)
            elif token == b">" or data.startswith(b"/>", position):
                return self._tag_end(at, position)
            elif token in (b'"', b"'"):
                position = self._until(token, position + 1)
            elif data.startswith(b"<%", position):
                position = self._eex(position)
            elif not token:
                break
            else:
                position += 1
        return len(data)

    def _tag_end(self, at: int, close: int) -> int:
        data = self.data
        end = close + (1 if data[close : close + 1] == b">" else 2)
        if b"\n" in data[at:close]:
            self.wide.append(Span(at, end))
        if end - close == 2:
            return end
        found = _NAME.match(data, at + 1)
        name = found.group() if found is not None else b""
        if name in (b"script", b"style"):
            return self._until(b"</" + name + b">", end)
        if self.plain is not None:
            self.plain += name not in _VOID
        elif b"phx-no-curly" in data[at:close] and _NO_BRACES.search(data, at, end) and name not in _VOID:
            self.plain = 1
        return end

    def _close(self) -> None:
        if self.plain is not None:
            self.plain = self.plain - 1 if self.plain > 1 else None


# -- the copy --------------------------------------------------------------------------------------


def _blank(data: bytes) -> bytes:
    """Blanks in place of everything, newlines kept; each whole line is an empty comment.

    The parser looks from every newline over all blank lines that follow, which takes a square of their
    number; at a comment it stops.
    """
    return _BLANK_LINE.sub(b"\n#", data.translate(_BLANK))


def _copy(data: bytes, pieces: list[_Piece]) -> bytes:
    """A blank copy of a template with the code of some of its expressions in place."""
    code = bytearray(_blank(data))
    before: tuple[bytes, int] | None = None
    last = 0
    for opening, start, end in pieces:
        text = data[start:end]
        if b"#" in text:
            text = _without_comments(text)
        if not text.strip():
            continue
        # The lines of the delimiter and of the code are no comments.
        for since, at in ((last, opening), (opening, start)):
            line = code.rfind(b"\n#", since, at + 1)
            if line >= 0 and b"\n" not in code[line + 1 : at]:
                code[line + 1 : line + 2] = b" "
        code[start:end] = text
        if before is not None:
            _separate(code, *before, text, opening, start)
        before, last = (text, end), end
    return bytes(code)


def _without_comments(text: bytes) -> bytes:
    """The code with its `#` comments blank: they end with the tag, not with the line."""
    result = bytearray(text)
    for start, end in comments_in(text):
        result[start:end] = text[start:end].translate(_BLANK)
    return bytes(result)


def _separate(code: bytearray, earlier: bytes, end: int, text: bytes, opening: int, start: int) -> None:
    """Writes into the delimiters between two pieces what Elixir wants between their code.

    The one before ends at byte `end`; the next is opened at byte `opening` and begins at byte `start`.
    """
    if _CLAUSE.search(earlier) is not None and _is_clause(text):
        # Only text between two clauses: a body that is a string.
        code[end : end + 2] = b'""'
        code[opening : opening + 1] = b";"
    elif _OPENS.search(earlier) is None and _CLOSES.match(text) is None:
        # The grammar takes a `;` before a newline amiss in places where the newline alone is right.
        gap = earlier[len(earlier.rstrip()) :], code[end:start], text[: len(text) - len(text.lstrip())]
        if not any(b"\n" in part for part in gap):
            code[end : end + 1] = b";"


def _is_clause(text: bytes) -> bool:
    """Whether a piece is the head of a further clause: `:error ->`, and not `fn x ->`."""
    if _CLAUSE.search(text) is None:
        return False
    starts = [match.start() for match in _FN.finditer(text)]
    ends = [match.start() for match in _END.finditer(text)]
    return not starts or (bool(ends) and ends[-1] > starts[-1])


# -- comments within code --------------------------------------------------------------------------

_CODE = re.compile(rb"\"\"\"|'''|[\"'{}#]|\?(?:\\.|.)|~[a-z](?=[^\w\s,])|~[A-Z]+(?=[^\w\s,])", re.DOTALL)
_PAIRS = {b"(": b")", b"[": b"]", b"{": b"}", b"<": b">"}


def comments_in(text: bytes) -> Iterator[tuple[int, int]]:
    """The `#` comments of a piece of Elixir, without the ends of their lines."""
    # Within strings: the closing delimiter, and whether `#{` means something; None within code.
    stack: list[tuple[bytes, bool] | None] = [None]
    at, size = 0, len(text)
    while at < size:
        context = stack[-1]
        if context is not None:
            at = _in_string(text, at, context, stack)
            continue
        match = _CODE.search(text, at)
        if match is None:
            return
        token = match.group()
        at = match.end()
        if token == b"#":
            end = at
            while end < size and text[end : end + 1] not in (b"\n", b"\r"):
                end += 1
            yield match.start(), end
            at = end
        elif token == b"{":
            stack.append(None)
        elif token == b"}":
            if len(stack) > 1:
                stack.pop()
        elif token.startswith(b"~"):
            delimiter = text[at : at + 3] if text[at : at + 3] in (b'"""', b"'''") else text[at : at + 1]
            at += len(delimiter)
            stack.append((_PAIRS.get(delimiter, delimiter), token[1:2].islower()))
        elif not token.startswith(b"?"):
            stack.append((token, True))


def _in_string(
    text: bytes, at: int, context: tuple[bytes, bool], stack: list[tuple[bytes, bool] | None]
) -> int:
    closing, interpolates = context
    pattern = _STRING_ENDS.get(context)
    if pattern is None:
        inside = rb"|#\{" if interpolates else b""
        pattern = _STRING_ENDS[context] = re.compile(rb"\\.|" + re.escape(closing) + inside, re.DOTALL)
    match = pattern.search(text, at)
    if match is None:
        return len(text)
    if match.group() == closing:
        stack.pop()
    elif match.group() == b"#{":
        stack.append(None)
    return match.end()


_STRING_ENDS: dict[tuple[bytes, bool], re.Pattern[bytes]] = {}
