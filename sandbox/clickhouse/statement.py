"""A statement taken apart, by the engine's own tokenizer.

Only three things are looked for: what kind of statement it is, where its FORMAT clause stands
(results are streamed by adding an output to it), and where the data of an INSERT begin.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from sandbox.clickhouse.engine import literal, quoted
from sandbox.clickhouse.errors import Code, refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.clickhouse.engine import Connection

_OPENING = {"OpeningRoundBracket", "OpeningSquareBracket", "OpeningCurlyBrace"}
_CLOSING = {"ClosingRoundBracket", "ClosingSquareBracket", "ClosingCurlyBrace"}
_INSIGNIFICANT = {"Whitespace", "Comment", "EndOfStream"}
_READING = {"SELECT", "WITH", "FROM", "("}
_ASKING_WHO = ("CURRENTUSER", "CURRENT_USER", "USER")


@dataclass(frozen=True, slots=True)
class Token:
    """One token that is neither space nor comment.

    Attributes:
        kind: The engine's name of the kind.
        begin: First byte.
        end: Byte behind the last one.
        text: As written.
        depth: How many brackets are open around it.
    """

    kind: str
    begin: int
    end: int
    text: str
    depth: int

    def is_word(self, *words: str) -> bool:
        """Whether it is one of the keywords, given in capitals."""
        return self.kind == "BareWord" and self.text.upper() in words


def tokens(connection: Connection, text: bytes) -> list[Token]:
    """The tokens of a text that may end anywhere."""
    [[listed]] = connection.rows(f"SELECT tokenizeQuery(base64Decode('{_base64(text)}'))")
    found = []
    depth = 0
    for entry in listed:
        kind, begin, end = entry["type"], int(entry["begin"]), int(entry["end"])
        if kind in _INSIGNIFICANT:
            continue
        if kind in _CLOSING:
            depth -= 1
        word = text[begin:end].decode("utf-8", "surrogateescape")
        found.append(Token(kind, begin, end, word, depth))
        if kind in _OPENING:
            depth += 1
    return found


@dataclass(frozen=True)
class Statement:
    """One statement of a request.

    Attributes:
        text: The statement without what follows it (semicolon, data).
        tokens: Its tokens.
    """

    text: bytes
    tokens: Sequence[Token]

    @property
    def keyword(self) -> str:
        """First word in capitals, or the first bracket."""
        return self.tokens[0].text.upper()

    @property
    def reads(self) -> bool:
        """Whether it is a SELECT in one of its spellings."""
        return self.keyword in _READING and not self.inserts

    @property
    def inserts(self) -> bool:
        """Whether it is an INSERT, which may begin with WITH."""
        return self.keyword == "INSERT" or (
            self.keyword == "WITH"
            and any(
                first.depth == 0 and first.is_word("INSERT") and second.is_word("INTO")
                for first, second in pairwise(self.tokens)
            )
        )

    def names_set(self) -> set[str]:
        """Names before an equals sign: of a SET, the settings."""
        return {
            name.text.strip('`"')
            for name, sign in pairwise(self.tokens)
            if sign.kind == "Equals" and name.depth == 0
        }

    def with_word(self, word: str, replacement: str) -> Statement:
        """The statement with every use of a column named `word` replaced; for running only."""
        return self._replaced(
            [
                (token.begin, token.end, replacement)
                for token in self.tokens
                if token.text.strip('`"') == word and token.kind in {"BareWord", "QuotedIdentifier"}
            ]
        )

    def as_seen_by(self, user: str) -> Statement:
        """The statement with `currentUser()` saying the user; for running only.

        The engine knows one user alone, under whom all statements run. The name of the result
        stays that of the call.
        """
        calls = zip(self.tokens, self.tokens[1:], self.tokens[2:], strict=False)
        return self._replaced(
            [
                (name.begin, closing.end, f"({literal(user)} AS {quoted(f'{name.text}()')})")
                for name, opening, closing in calls
                if name.is_word(*_ASKING_WHO)
                and opening.kind == "OpeningRoundBracket"
                and closing.kind == "ClosingRoundBracket"
            ]
        )

    def kill_condition(self) -> bytes | None:
        """Of a KILL QUERY that is meant, what stands behind WHERE."""
        where = next((t for t in self.tokens if t.depth == 0 and t.is_word("WHERE")), None)
        if where is None or not self.tokens[1].is_word("QUERY"):
            return None
        behind = [t for t in self.tokens if t.begin > where.begin and t.depth == 0]
        if any(token.is_word("TEST") for token in behind):
            return None
        end = next((t.begin for t in behind if t.is_word("SYNC", "ASYNC", "FORMAT")), None)
        return self.text[where.end : end]

    def _replaced(self, places: Sequence[tuple[int, int, str]]) -> Statement:
        text, found = self.text, list(self.tokens)
        for begin, end, new in sorted(places, reverse=True):
            encoded = new.encode("utf-8", "surrogateescape")
            text = text[:begin] + encoded + text[end:]
            longer = len(encoded) - (end - begin)
            found = [
                replace(t, begin=t.begin + longer, end=t.end + longer) if t.begin >= end else t
                for t in found
            ]
        return Statement(text, found)

    def format_clause(self) -> tuple[int, str] | None:
        """Where the closing FORMAT clause of a SELECT begins, and the format it names."""
        for index in range(len(self.tokens) - 2, 0, -1):
            word, name = self.tokens[index], self.tokens[index + 1]
            if word.depth == 0 and word.is_word("FORMAT") and name.kind == "BareWord":
                rest = self.tokens[index + 2 :]
                if not rest or rest[0].is_word("SETTINGS"):
                    return word.begin, name.text
        return None

    def with_output(self, path: str, default_format: str) -> tuple[bytes, str]:
        """The SELECT with its result going into a file, and the format of the result."""
        clause = self.format_clause()
        output = f"\nINTO OUTFILE '{path}' TRUNCATE\n".encode()
        if clause is None:
            return self.text + output + f"FORMAT {default_format}".encode(), default_format
        begin, name = clause
        return self.text[:begin] + output + self.text[begin:], name


@dataclass(frozen=True)
class InsertHead:
    """The part of an INSERT before its data.

    Attributes:
        statement: Up to, without, FORMAT or VALUES.
        format: Input format of the data.
        data_begin: First byte of the data in the text.
        input_call: Bytes of the call `input(…)` that the data go through, if one is there.
    """

    statement: Statement
    format: str
    data_begin: int
    input_call: InputCall | None

    def reading(self, path: str) -> bytes:
        """The INSERT with its data in a file.

        Raises:
            ClickHouseError: There is an `input(…)` that does not name the structure.
        """
        text, call = self.statement.text, self.input_call
        if call is None:
            # Settings stand behind the file.
            begin = _settings_begin(self.statement)
            infile = f"\nFROM INFILE '{path}'\n".encode()
            return text[:begin] + infile + text[begin:] + f"\nFORMAT {self.format}".encode()
        if not call.arguments:
            raise refusal(Code.BAD_ARGUMENTS, "The function input needs a structure here")
        source = b"file('%b', '%b', %b)" % (path.encode(), self.format.encode(), call.arguments)
        return text[: call.begin] + source + text[call.end :]


@dataclass(frozen=True)
class InputCall:
    """The call `input('structure')` in an INSERT SELECT.

    Attributes:
        begin: Its first byte.
        end: Byte behind its last.
        arguments: As written.
    """

    begin: int
    end: int
    arguments: bytes


def single(text: bytes, found: Sequence[Token]) -> Statement:
    """The one statement of the text.

    Raises:
        ClickHouseError: There is none, or there are several.
    """
    semicolons = [token for token in found if token.kind == "Semicolon" and token.depth == 0]
    if semicolons:
        end = semicolons[0].begin
        behind = [t for t in found if t.begin > end and t.kind != "Semicolon"]
        if behind:
            raise refusal(
                Code.SYNTAX_ERROR,
                "Syntax error (Multi-statements are not allowed): failed at position "
                f"{end + 1} (end of query): ; {behind[0].text}.",
            )
        found = [token for token in found if token.begin < end]
        text = text[:end]
    if not found:
        raise refusal(Code.SYNTAX_ERROR, "Syntax error: Empty query")
    return Statement(text.rstrip(), found)


def insert_head(text: bytes, found: Sequence[Token]) -> InsertHead | None:
    """The head of an INSERT that brings data with it; None if the text is nothing of the kind."""
    if not found or not found[0].is_word("INSERT"):
        return None
    selects = False
    for index, token in enumerate(found[3:], start=3):
        if token.depth != 0 or found[index - 1].kind == "Dot":
            continue
        if token.is_word("SELECT", "WITH"):
            selects = True
        elif not selects and token.is_word("VALUES"):
            return _head(text, found[:index], "Values", token.end)
        elif token.is_word("FORMAT") and index + 1 < len(found):
            name = found[index + 1]
            # Without `input(…)` an INSERT SELECT takes no data, whatever its FORMAT says.
            if name.kind == "BareWord" and (not selects or _input_call(text, found[:index])):
                return _head(text, found[:index], name.text, name.end)
    return None


def _head(text: bytes, found: Sequence[Token], name: str, end: int) -> InsertHead:
    return InsertHead(
        statement=Statement(text[: found[-1].end], found),
        format=name,
        data_begin=_data_begin(text, end),
        input_call=_input_call(text, found),
    )


def _settings_begin(insert: Statement) -> int:
    for before, token in pairwise(insert.tokens[2:]):
        if token.depth == 0 and token.is_word("SETTINGS") and before.kind != "Dot":
            return token.begin
    return len(insert.text)


def _data_begin(text: bytes, end: int) -> int:
    """Spaces and one line break belong to the head; every further byte is data."""
    while end < len(text) and text[end : end + 1] in {b" ", b"\t", b"\r"}:
        end += 1
    if text[end : end + 1] == b"\n":
        end += 1
    return end


def _base64(text: bytes) -> str:
    return b64encode(text).decode()


def _input_call(text: bytes, found: Sequence[Token]) -> InputCall | None:
    for index, (token, opening) in enumerate(pairwise(found)):
        if token.is_word("INPUT") and opening.kind == "OpeningRoundBracket":
            closing = next(
                t
                for t in found[index + 2 :]
                if t.kind == "ClosingRoundBracket" and t.depth == opening.depth
            )
            return InputCall(token.begin, closing.end, text[opening.end : closing.begin].strip())
    return None
