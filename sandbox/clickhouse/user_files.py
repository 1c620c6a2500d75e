"""Files of the machine: a statement reaches those of one folder, as on a server.

The engine, made for a command line, lets `file()` and its kin open any path. Their paths are
therefore read here, on the engine's own tokens: each must be a plain string and lie in the
folder. Relative paths begin there, since it is the process's working directory.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.clickhouse.errors import Code, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sandbox.clickhouse.statement import Statement, Token

# Functions and engines that open a path of this machine.
_OPENING = {
    "deltalakelocal",
    "file",
    "filecluster",
    "filelog",
    "filesystem",
    "hudilocal",
    "iceberglocal",
    "paimonlocal",
    "sqlite",
}
_BEHIND_A_CLUSTER = {"filecluster"}
_GLOB = re.compile(r"[*?{]")


def check(statement: Statement, folder: Path) -> None:
    """Refuses a statement that opens files outside the folder.

    Raises:
        ClickHouseError: It names a path outside, or one that cannot be read off the statement.
    """
    for path in _paths(statement.tokens):
        if len(path) != 1 or path[0].kind != "StringLiteral":
            written = " ".join(token.text for token in path)
            raise refusal(
                Code.DATABASE_ACCESS_DENIED,
                f"The path of a file must be written as a string here, not as `{written}`",
            )
        _check(path[0].text[1:-1], folder)


def _paths(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """The arguments that are paths, each as its tokens."""
    for index, name in enumerate(tokens[:-1]):
        spelled = name.text.strip('`"').lower()
        if spelled not in _OPENING or tokens[index + 1].kind != "OpeningRoundBracket":
            continue
        arguments = _arguments(tokens, index + 1)
        before = tokens[index - 1] if index else name
        if before.kind == "Equals":
            # Of a table: File(format[, path]), SQLite(path, table).
            yield from (a for a in arguments if a is not arguments[0] or a[0].kind != "BareWord")
        elif index > 1 and tokens[index - 2].is_word("SOURCE"):
            # Of a dictionary: FILE(PATH '…' FORMAT '…').
            yield from ([t] for a in arguments for t in a if t.kind != "BareWord")
        else:
            place = 1 if spelled in _BEHIND_A_CLUSTER else 0
            yield from arguments[place : place + 1]


def _arguments(tokens: Sequence[Token], opening: int) -> list[list[Token]]:
    """What stands between the commas of a pair of brackets; nothing for empty ones."""
    depth = tokens[opening].depth + 1
    arguments: list[list[Token]] = [[]]
    for token in tokens[opening + 1 :]:
        if token.depth < depth:
            break
        if token.kind == "Comma" and token.depth == depth:
            arguments.append([])
        else:
            arguments[-1].append(token)
    return [argument for argument in arguments if argument]


def _check(path: str, folder: Path) -> None:
    plain = _GLOB.split(path)[0]
    inside = (folder / plain).resolve().is_relative_to(folder.resolve())
    if "\\" in path or ".." in Path(path).parts or not inside:
        raise refusal(Code.DATABASE_ACCESS_DENIED, f"File `{path}` is not inside `{folder}`")
