r"""How single values are read, checked and, where they are personal, reduced.

Every value arrives as text or as nothing (`Nullable(String)`): Mindbox writes ids as numbers and as
strings, amounts with a dot or a comma, and leaves out what it does not know. A `Value` turns that
into a column. The expressions run in the embedded engine, inside this process, so what they
drop (an address, a birth date, a query string) never leaves it.

In the templates `{x}` is the text, `{moment}` the row's own time; parameters of the query are
`{inner_pad:String}`, `{outer_pad:String}` and `{decimal_separator:String}`, written with doubled
braces.
"""

import hashlib
import hmac
from dataclasses import dataclass

MOMENT = "DateTime64(3, 'UTC')"
MONEY = "Decimal(18, 4)"
CATEGORY_TYPE = "LowCardinality(String)"

# Where a text was promised, an object or an array is a different contract, not a text. Looking at
# the first character spares nearly every text the regular expression.
_NOT_STRUCTURED = (
    "(NOT (startsWith({x}, '{{') OR startsWith({x}, '[')) OR "
    r"NOT match({x}, '(?s)^(\\{{(\\s*\".*)?\\}}|\\[([\"{{\\[\\d-].*)?\\])$'))"
)

_NUMBER = "replaceOne({x}, {{decimal_separator:String}}, '.')"

_AGE = "age('year', toDate32OrNull(substring({x}, 1, 10)), {moment})"

# Runs of ten and more digits, however they are grouped, are phones, cards or ids of people.
PERSONAL = r"@|%40|\\d(?:[\\s()._+-]*\\d){{9}}"

_SHA256_BLOCK = 64
_KEYED_HASH = (
    "reinterpretAsUInt64(reverse(substring(SHA256(concat(unhex({{outer_pad:String}}), "
    "SHA256(concat(unhex({{inner_pad:String}}), %s)))), 1, 8)))"
)

_DOMAIN = "lower(trimBoth(substring({x}, position({x}, '@') + 1)))"
_MAILBOX_PROVIDERS = {
    "mail.ru": r"^(mail|bk|inbox|list|internet|xmail)\\.(ru|ua)$",
    "yandex": r"^((yandex|narod)\\.[a-z.]+|ya\\.ru)$",
    "gmail": r"^(gmail|googlemail)\\.com$",
    "icloud": r"^(icloud|me|mac)\\.com$",
    "rambler": r"^(rambler\\.(ru|ua)|(lenta|autorambler|myrambler|ro|r0)\\.ru)$",
}

AGE_BANDS = ("<18", "18-24", "25-34", "35-44", "45-54", "55-64", "65+")
EMAIL_DOMAIN_GROUPS = (*_MAILBOX_PROVIDERS, "other")


@dataclass(frozen=True)
class Value:
    """A type, how to read it, and what a present value must look like to be readable.

    Attributes:
        type: ClickHouse type of the column.
        read: template of the expression; absent text must give the type's empty value.
        readable: template of a condition on present text; empty when any text will do.
    """

    type: str
    read: str
    readable: str = ""


TEXT = Value("String", "ifNull({x}, '')", _NOT_STRUCTURED)
CATEGORY = Value(CATEGORY_TYPE, "ifNull({x}, '')", _NOT_STRUCTURED)
TEXTS = Value(
    "Array(String)",
    "arrayMap(t -> ifNull(t, ''), {x})",
    "NOT arrayExists(t -> NOT (" + _NOT_STRUCTURED.replace("{x}", "ifNull(t, '')") + "), {x})",
)

_TIME = "parseDateTime64BestEffortOrNull({x}, 3, 'UTC')"
TIMESTAMP = Value(
    MOMENT,
    f"ifNull({_TIME}, toDateTime64(0, 3, 'UTC'))",
    r"match({x}, '^\\d{{4}}-\\d\\d-\\d\\d[ T]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d([.,]\\d+)?)?"
    r"( ?(Z|[+-]\\d\\d:?\\d\\d))?$')"
    f" AND {_TIME} IS NOT NULL",
)

# A calendar day, written alone or with a midnight.
DATE = Value(
    "Date",
    "ifNull(toDateOrNull(substring({x}, 1, 10)), toDate(0))",
    r"match({x}, '^\\d{{4}}-\\d\\d-\\d\\d([ T]00:00(:00([.,]0+)?)?)?$')"
    " AND toString(toDateOrNull(substring({x}, 1, 10))) = substring({x}, 1, 10)",
)

AMOUNT = Value(
    f"Nullable({MONEY})",
    f"toDecimal64OrNull({_NUMBER}, 4)",
    f"toDecimal64OrNull({_NUMBER}, 4) IS NOT NULL",
)
SURE_AMOUNT = Value(MONEY, f"ifNull(toDecimal64OrNull({_NUMBER}, 4), 0)", AMOUNT.readable)

_IS_WHOLE = r"match({x}, '^\\d+([.,]0*)?$')"


def whole_number(type_: str, absent: int = 0) -> Value:
    """A count or number of the unsigned type; `absent` stands for one that is not given."""
    read = _whole(type_)
    return Value(type_, f"ifNull({read}, {absent})", f"{_IS_WHOLE} AND {read} IS NOT NULL")


def maybe_count() -> Value:
    """A count that may be unknown, which is not zero."""
    return maybe_whole_number("UInt64")


def maybe_whole_number(type_: str) -> Value:
    """A number of the unsigned type that may be unknown, which is not zero."""
    read = _whole(type_)
    return Value(f"Nullable({type_})", read, f"{_IS_WHOLE} AND {read} IS NOT NULL")


def _whole(type_: str) -> str:
    return f"accurateCastOrNull(toUInt64OrNull(extract({{x}}, '^\\\\d+')), '{type_}')"


FLAG = Value(
    "UInt8",
    "ifNull(lower({x}) IN ('true', '1'), 0)",
    "lower({x}) IN ('true', 'false', '1', '0')",
)
PRESENCE = Value("UInt8", "{x} IS NOT NULL")

CUSTOMER_KEY = Value(
    "UInt64",
    f"if({{x}} IS NULL, 0, {_KEYED_HASH % 'assumeNotNull({x})'})",
    _NOT_STRUCTURED,
)
SEX = Value(CATEGORY_TYPE, "ifNull(lower({x}), '')", "lower({x}) IN ('male', 'female')")
AGE_BAND = Value(
    CATEGORY_TYPE,
    "multiIf("
    f"{_AGE} IS NULL OR {_AGE} < 0 OR {_AGE} > 120, '', {_AGE} < 18, '<18', {_AGE} < 25, '18-24', "
    f"{_AGE} < 35, '25-34', {_AGE} < 45, '35-44', {_AGE} < 55, '45-54', {_AGE} < 65, '55-64', "
    "'65+')",
    r"match({x}, '^\\d{{4}}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])')",
)
EMAIL_DOMAIN_GROUP = Value(
    CATEGORY_TYPE,
    "multiIf({x} IS NULL, '', "
    + ", ".join(f"match({_DOMAIN}, '{p}'), '{g}'" for g, p in _MAILBOX_PROVIDERS.items())
    + ", 'other')",
)

_PATH = "path(ifNull({x}, ''))"
_SCHEME = "lower(protocol(ifNull({x}, '')))"
_HOST = "lower(domain(ifNull({x}, '')))"
LINK = Value(
    "String",
    f"if({_HOST} = '' OR {_SCHEME} = '', '', concat({_SCHEME}, '://', {_HOST}, "
    f"if(match(decodeURLComponent({_PATH}), '{PERSONAL}'), '', {_PATH})))",
    _NOT_STRUCTURED,
)


def _unless_personal(expression: str) -> str:
    return f"if(match({expression}, '{PERSONAL}'), '', {expression})"


UTM = Value("String", _unless_personal("ifNull({x}, '')"), _NOT_STRUCTURED)


def link_utm(parameter: str) -> Value:
    """The `utm_*` parameter of a link, unless it looks like somebody's address or number."""
    extracted = f"decodeURLFormComponent(extractURLParameter(ifNull({{x}}, ''), '{parameter}'))"
    return Value("String", _unless_personal(extracted))


def keyed_hash(expression: str) -> str:
    """Keyed hash of a text in the engine, as `customer_key` calculates it."""
    return (_KEYED_HASH % expression).format()


def keyed_hash_parameters(secret: str) -> dict[str, str]:
    """Parameters of the engine's keyed hashes: the padded keys of RFC 2104, in hex.

    Written out as two hashes, HMAC-SHA256 takes a sixth of the time of the engine's own function,
    which prepares the key anew for every row.
    """
    key = secret.encode()
    if len(key) > _SHA256_BLOCK:
        key = hashlib.sha256(key).digest()
    key = key.ljust(_SHA256_BLOCK, b"\0")
    return {
        "inner_pad": bytes(byte ^ 0x36 for byte in key).hex(),
        "outer_pad": bytes(byte ^ 0x5C for byte in key).hex(),
    }


def customer_key(secret: str, mindbox_id: str) -> int:
    """The key that stands for a customer everywhere behind the extractor.

    The first eight bytes of HMAC-SHA256, most significant first; `CUSTOMER_KEY` is the same
    calculation in the engine. Without an id there is no customer: 0.
    """
    if not mindbox_id:
        return 0
    digest = hmac.digest(secret.encode(), mindbox_id.encode(), hashlib.sha256)
    return int.from_bytes(digest[:8], "big")
