"""Rights that a role of the embedded engine cannot express.

The engine itself holds every statement to the grants of the user's role (tables, columns,
dictionaries, most table functions, EXPLAIN, SHOW, views and all). A command-line engine is
laxer than a server in a few places, and all users share its user `default`; those places are
closed here, on the engine's own tokens, so that comments, case and spelling hide nothing.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from sandbox.clickhouse.engine import BRANDS_MARK
from sandbox.clickhouse.errors import ClickHouseError, Code, refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sandbox.clickhouse.engine import TableFunction
    from sandbox.clickhouse.statement import Statement, Token
    from superset_assets.access.users import User

# The command-line engine reads any file with `file`, Python objects of the process with `python`,
# and its `ai…` functions call other machines; none asks the role for a right.
_UNCHECKED_FUNCTIONS = {
    "file",
    "python",
    "aiclassify",
    "aiembed",
    "aiextract",
    "aifilter",
    "aigenerate",
    "airedact",
    "aisimilarity",
    "aitranslate",
}
# Statements a reader may send. The engine checks each against the role.
_READING = {"SELECT", "WITH", "FROM", "(", "EXPLAIN", "DESCRIBE", "DESC", "EXISTS", "SET", "USE"}
_SHOWING = {
    "CHANGED",
    "COLUMNS",
    "CREATE",
    "DATABASES",
    "DICTIONARIES",
    "ENGINES",
    "EXTENDED",
    "FIELDS",
    "FULL",
    "FUNCTIONS",
    "INDEX",
    "INDEXES",
    "INDICES",
    "KEYS",
    "SETTING",
    "SETTINGS",
    "TABLES",
    "TEMPORARY",
}
# The engine refuses these by itself, naming the grant that lacks; it says it best.
_ENGINE_REFUSES = {
    "ALTER",
    "ATTACH",
    "BACKUP",
    "CHECK",
    "CREATE",
    "DELETE",
    "DETACH",
    "DROP",
    "EXCHANGE",
    "GRANT",
    "INSERT",
    "OPTIMIZE",
    "RENAME",
    "RESTORE",
    "REVOKE",
    "SYSTEM",
    "TRUNCATE",
    "UNDROP",
    "UPDATE",
}
_CHANGES_NOTHING = _READING | {"SHOW"}


def check_settings(names: Iterable[str], user: User) -> None:
    """Refuses settings of a request, before any of them is set.

    Raises:
        ClickHouseError: Refused; the code is the one a server gives.
    """
    if user.cut_by_brand and BRANDS_MARK in names:
        raise denied(user, f"the setting {BRANDS_MARK}")


def check(
    statement: Statement,
    user: User,
    table_functions: Mapping[str, TableFunction],
    *,
    parameters: Mapping[str, str],
    database: str,
    method: str,
) -> None:
    """Refuses what no user, or not this user, may send.

    Args:
        statement: The statement, without data.
        user: Who sends it.
        table_functions: Table functions of the engine, by name in small letters.
        parameters: Values of `{name:Type}`.
        database: Where the request has unqualified names looked up; may be empty.
        method: HTTP method; all but POST only read, as on a server.

    Raises:
        ClickHouseError: Refused; the code is the one a server gives.
    """
    _refuse_for_all(statement)
    if method != "POST" and (statement.inserts or statement.keyword not in _CHANGES_NOTHING):
        raise refusal(
            Code.READONLY,
            f"{user.name}: Cannot execute query in readonly mode. For queries over HTTP, method "
            f"{method} implies readonly. You should use method POST for modifying queries.",
        )
    if user.table_functions is not None:
        _refuse_functions(statement, user, table_functions)
    if user.cut_by_brand:
        _refuse_other_brands(statement, user)
    if user.system_tables is not None:
        _refuse_statements(statement, user)
        if database == "system":
            raise denied(user, "SHOW DATABASES ON system.*")
        _refuse_system_tables(statement.tokens, user, parameters)


def _refuse_for_all(statement: Statement) -> None:
    for first, second in pairwise(statement.tokens):
        if first.is_word("INTO") and second.is_word("OUTFILE"):
            raise refusal(Code.INTO_OUTFILE_NOT_ALLOWED, "INTO OUTFILE is not allowed")
        if first.is_word("FROM") and second.is_word("INFILE"):
            raise refusal(
                Code.UNKNOWN_TYPE_OF_QUERY, "Query has infile and was send directly to server"
            )
        if first.is_word("SET") and second.is_word("ROLE"):
            raise refusal(
                Code.SET_NON_GRANTED_ROLE, "A user has no roles here; rights are the user's own"
            )
        if _calls(first, second) and first.text.lower() == "python":
            raise refusal(Code.UNKNOWN_FUNCTION, f"Unknown table function {first.text}")


def _refuse_other_brands(statement: Statement, user: User) -> None:
    """The brands of an account stand in a setting of its connection: it may not be named."""
    for token in statement.tokens:
        if token.kind == "QuotedIdentifier" and "\\" in token.text:
            raise denied(user, "identifiers with escapes")
        if _bare(token) == BRANDS_MARK:
            raise denied(user, f"the setting {BRANDS_MARK}")


def _refuse_statements(statement: Statement, user: User) -> None:
    keyword = statement.keyword
    second = statement.tokens[1].text.upper() if len(statement.tokens) > 1 else ""
    allowed = keyword in _READING | _ENGINE_REFUSES or (keyword == "SHOW" and second in _SHOWING)
    if not allowed:
        raise denied(user, f"{keyword} {second}".strip())
    for token, following in pairwise(statement.tokens):
        if token.is_word("PARALLEL") and following.is_word("WITH"):
            raise denied(user, "PARALLEL WITH")


def _refuse_functions(
    statement: Statement, user: User, table_functions: Mapping[str, TableFunction]
) -> None:
    allowed = {name.lower() for name in user.table_functions or ()}
    for name in _called(statement.tokens):
        spelled = name.text.lower()
        table_function = table_functions.get(spelled)
        refused = (
            spelled in _UNCHECKED_FUNCTIONS
            # What it stands for is in its escapes.
            or name.kind == "QuotedIdentifier"
            or (table_function and spelled not in allowed and table_function.must_be_refused_here)
        )
        if refused:
            raise denied(user, f"CREATE TEMPORARY TABLE, and the source's, for {name.text}")


def _called(tokens: Sequence[Token]) -> Iterable[Token]:
    """Names that stand where a function is called: `name(`, `APPLY(name`, `APPLY name`."""
    for index, (first, second) in enumerate(pairwise(tokens)):
        if _calls(first, second):
            yield first
        if first.is_word("APPLY"):
            yield from tokens[index + 2 : index + 3] if second.text == "(" else [second]


def _calls(first: Token, second: Token) -> bool:
    return first.kind in {"BareWord", "QuotedIdentifier"} and second.kind == "OpeningRoundBracket"


def _refuse_system_tables(
    tokens: Sequence[Token], user: User, parameters: Mapping[str, str]
) -> None:
    allowed = user.system_tables or frozenset()
    for first, dot, table in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if first.kind == "QuotedIdentifier" and "\\" in first.text:
            raise denied(user, "identifiers with escapes")
        if dot.kind != "Dot" or _bare(first) != "system":
            continue
        if _bare(table) not in allowed:
            raise denied(user, f"SELECT ON system.{table.text}")
    for token in tokens[-2:]:
        if token.kind == "QuotedIdentifier" and "\\" in token.text:
            raise denied(user, "identifiers with escapes")
    if _sets_database(tokens):
        # Unqualified names would then be tables of `system`; USE asks for the right to see it.
        raise denied(user, "the setting database")
    for name in _identifier_parameters(tokens):
        value = parameters.get(name, "")
        if "\\" in value or value.strip().lower().startswith("system"):
            raise denied(user, f"the identifier in parameter {name}")


def _identifier_parameters(tokens: Sequence[Token]) -> Iterable[str]:
    for opening, name, colon, kind in zip(tokens, tokens[1:], tokens[2:], tokens[3:], strict=False):
        declared = opening.kind == "OpeningCurlyBrace" and colon.kind == "Colon"
        if declared and kind.text.lower() == "identifier":
            yield name.text


def _sets_database(tokens: Sequence[Token]) -> bool:
    settings = next((i for i, t in enumerate(tokens) if t.is_word("SETTINGS", "SET")), len(tokens))
    return any(
        _bare(name) == "database" and sign.kind == "Equals"
        for name, sign in pairwise(tokens[settings:])
    )


def _bare(token: Token) -> str:
    return token.text[1:-1] if token.kind == "QuotedIdentifier" else token.text


def denied(user: User, what: str) -> ClickHouseError:
    """The refusal of a right."""
    return refusal(
        Code.ACCESS_DENIED,
        f"{user.name}: Not enough privileges. To execute this query, it's necessary to have the "
        f"grant {what}",
    )
