"""Turns a dataset's description into the query that decodes one part.

The query reads rows from a pipe, takes the allow-listed paths out of each (an absent path, a null
and an empty text are the same: nothing), and gives the raw table's columns, the load columns and
four technical ones: `_position` of the row in its part, `_problem` ("path|reason", empty for a good
row), `_row_hash` (keyed, only for bad rows) and `_outside` (the row belongs to another window).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from .spec import DatasetSpec, Field, Filter, Format, ListField
from .values import TEXTS, keyed_hash

LOAD_COLUMNS = {
    "_version_at": "DateTime64(3, 'UTC')",
    "_extracted_at": "DateTime64(3, 'UTC')",
    "_window_start": "DateTime64(3, 'UTC')",
    "_window_end": "DateTime64(3, 'UTC')",
    "_export_id": "String",
    "_load_id": "String",
    "_content_hash": "UInt64",
}
TECHNICAL_COLUMNS = ("_position", "_problem", "_row_hash", "_outside")

# An array where an object should be is read by position; a first key that no object has shows it.
_NO_OBJECT = "__no_object"

# Keys that Mindbox itself defines. Others under `ids` and `customFields` are a project's own names,
# and answers write their first letter small whatever it was.
_STANDARD_IDS = {"id", "mindboxId", "externalId", "systemName", "variantNum"}
_OWN_NAMES = {"ids", "customFields"}

_ESCAPE = r"'\\u'"


@dataclass
class _Node:
    """What is read at a place in a row: text, texts, an object, or an array of objects.

    Attributes:
        is_demanding: elements of the array must have something that is read.
    """

    children: dict[str, "_Node"] = field(default_factory=dict)
    is_array: bool = False
    is_demanding: bool = False

    def structure(self) -> str:
        if self.children:
            members = "".join(f", `{k}` {node.structure()}" for k, node in self.children.items())
            inner = f"Tuple(`{_NO_OBJECT}` Nullable(String){members})"
        else:
            inner = "Nullable(String)"
        return f"Array({inner})" if self.is_array else inner

    def add(self, path: str, *, is_array: bool = False) -> "_Node":
        node, parent = self, ""
        for key in path.split("."):
            for spelling in _spellings(key, parent):
                child = node.children.setdefault(spelling, _Node())
            node, parent = child, key
        node.is_array = node.is_array or is_array
        return node


def _spellings(key: str, parent: str) -> tuple[str, ...]:
    if parent in _OWN_NAMES and key not in _STANDARD_IDS:
        other = key[0].swapcase() + key[1:]
        return (other, key) if other != key else (key,)
    return (key,)


def _access(base: str, path: str) -> str:
    """The text at a path below a tuple, or NULL when it is absent or empty."""
    places, parent = [base], ""
    for key in path.split("."):
        places = [
            f"tupleElement({place}, '{name}')"
            for place in places
            for name in _spellings(key, parent)
        ]
        parent = key
    found = places[0] if len(places) == 1 else f"coalesce({', '.join(places)})"
    return f"nullIf({found}, '')"


class _Compiler:
    def __init__(self, spec: DatasetSpec) -> None:
        self.spec = spec
        self.moment = spec.version or spec.event_time or "NULL"

    def tree(self) -> _Node:
        root = _Node()
        if self.spec.unnest:
            root.add(self.spec.unnest, is_array=True).is_demanding = True
        _grow(root, self.spec.fields)
        return root

    def text(self, item: Field, base: str) -> str:
        """Expression of the field's text under a tuple; of its texts for a list of texts."""
        if item.value is TEXTS:
            return f"tupleElement({base}, '{item.path}')"
        unnest = self.spec.unnest
        if unnest and item.path.startswith(f"{unnest}."):
            return _access("element", item.path.removeprefix(f"{unnest}."))
        found = [_access(base, path) for path in item.paths]
        if len(found) == 1:
            return found[0]
        return f"coalesce({', '.join(found)})" if found else "CAST(NULL, 'Nullable(String)')"

    def column(self, item: Field | ListField, base: str = "doc", depth: int = 1) -> str:
        if not isinstance(item, ListField):
            return item.value.read.format(x=self.text(item, base), moment=self.moment)
        element = f"e{depth}"
        members = ", ".join(self.column(member, element, depth + 1) for member in item.items)
        rows = f"arrayMap({element} -> tuple({members}), tupleElement({base}, '{item.path}'))"
        return f"CAST({rows}, {_literal(item.type)})"

    def problems(self) -> Iterator[tuple[str, str]]:
        """Conditions of everything that can be wrong with a row, and what to say: "path|reason".

        The second is an expression as well.
        """
        if self.spec.format is Format.JSON:
            yield _said(self._broken_json())
        for item in self.spec.fields:
            problems = list(self._item_problems(item, "doc", 1))
            if isinstance(item, ListField):
                # All that can be wrong with an element is looked for at once, and told apart only
                # in rows that have it.
                yield self._any_problem(item, "doc", 1), _first_problem(map(_said, problems))
            else:
                yield from map(_said, problems)
        if self.spec.format is Format.JSON:
            yield from map(_said, self._misplaced(self.tree(), (), "doc"))

    def _any_problem(self, item: ListField, base: str, depth: int) -> str:
        element, array = f"e{depth}", f"tupleElement({base}, '{item.path}')"
        conditions = [_is_array(element)]
        for member in item.items:
            if isinstance(member, ListField):
                conditions.append(self._any_problem(member, element, depth + 1))
            else:
                conditions += [f"({c})" for c, _ in self._field_problems(member, element)]
        return f"arrayExists({element} -> {' OR '.join(conditions)}, {array})"

    def _item_problems(
        self, item: Field | ListField, base: str, depth: int
    ) -> Iterator[tuple[str, str, str]]:
        if not isinstance(item, ListField):
            for condition, reason in self._field_problems(item, base):
                yield condition, item.path, reason
            return
        element, array = f"e{depth}", f"tupleElement({base}, '{item.path}')"
        yield (
            f"arrayExists({element} -> {_is_array(element)}, {array})",
            item.path,
            "an element is not an object",
        )
        for member in item.items:
            for condition, path, reason in self._item_problems(member, element, depth + 1):
                yield (
                    f"arrayExists({element} -> {condition}, {array})",
                    f"{item.path}.{path}",
                    reason,
                )

    def _field_problems(self, item: Field, base: str) -> Iterator[tuple[str, str]]:
        text = self.text(item, base)
        if item.required:
            yield f"{text} IS NULL", "missing"
        if item.value.readable:
            readable = item.value.readable.format(x=text, moment=self.moment)
            yield f"{text} IS NOT NULL AND NOT ifNull({readable}, 0)", "unreadable"

    def _broken_json(self) -> tuple[str, str, str]:
        # A broken row reads as nothing at all, so the costly check is made for such rows only.
        first = next(f for f in self.spec.fields if isinstance(f, Field) and f.required)
        return (
            f"{self.text(first, 'doc')} IS NULL AND NOT isValidJSON(payload)",
            "row",
            "not valid JSON",
        )

    def _misplaced(
        self, node: _Node, path: tuple[str, ...], base: str
    ) -> Iterator[tuple[str, str, str]]:
        """An object or array that is declared, and something else that is there.

        What is not of its declared shape reads as empty; only then is the row looked at again.
        """
        for key, child in node.children.items():
            here, place = (*path, key), f"tupleElement({base}, '{key}')"
            if child.is_array:
                wrong = f"{_may_hold(here)} AND ({_is_no_list(child, 'payload', here)})"
                yield f"empty({place}) AND {wrong}", ".".join(here), "not an array of objects"
                raw = f"JSONExtractArrayRaw(payload, {_keys(here)})"
                yield from self._misplaced_in_elements(child, here, (), _Elements(place, raw))
            elif child.children:
                wrong = f"{_may_hold(here)} AND {_is_none_of('Object', 'payload', here)}"
                condition = f"{_is_array(place)} OR (({_is_empty(child, place)}) AND {wrong})"
                yield condition, ".".join(here), "not an object"
                yield from self._misplaced(child, here, place)

    def _misplaced_in_elements(
        self, node: _Node, array_path: tuple[str, ...], path: tuple[str, ...], elements: "_Elements"
    ) -> Iterator[tuple[str, str, str]]:
        """The same for objects and arrays within the elements of an array."""
        for key, child in node.children.items():
            here = (*path, key)
            whole = (*array_path, *here)
            full = ".".join(whole)
            place = "e"
            for part in here:
                place = f"tupleElement({place}, '{part}')"
            if child.is_array:
                wrong = _is_no_list(child, "r", here)
                condition = (
                    f"arrayExists(e -> empty({place}), {elements.array}) AND {_may_hold(whole)} "
                    f"AND arrayExists((e, r) -> empty({place}) AND ({wrong}), {elements.pairs})"
                )
                yield condition, full, "not an array of objects"
                inner = _Elements(
                    f"arrayFlatten(arrayMap(e -> {place}, {elements.array}))",
                    f"arrayFlatten(arrayMap(r -> JSONExtractArrayRaw(r, {_keys(here)}), "
                    f"{elements.raw}))",
                )
                yield from self._misplaced_in_elements(child, (*array_path, *here), (), inner)
            elif child.children:
                condition = (
                    f"arrayExists(e -> {_is_array(place)}, {elements.array}) "
                    f"OR (arrayExists(e -> {_is_empty(child, place)}, {elements.array}) "
                    f"AND {_may_hold(whole)} "
                    f"AND arrayExists(r -> {_is_none_of('Object', 'r', here)}, {elements.raw}))"
                )
                yield condition, full, "not an object"
                yield from self._misplaced_in_elements(child, array_path, here, elements)


@dataclass(frozen=True)
class _Elements:
    """The elements of an array of a row, or of all its arrays of one path: as read and as written.

    Attributes:
        array: expression of the elements as read.
        raw: expression of the elements as JSON texts.
    """

    array: str
    raw: str

    @property
    def pairs(self) -> str:
        """Both as arguments of one lambda, which needs them equally long, even in a broken row."""
        return f"{self.array}, arrayResize({self.raw}, length({self.array}), 'null')"


def _grow(node: _Node, items: Sequence[Field | ListField]) -> None:
    for item in items:
        if isinstance(item, ListField):
            element = node.add(item.path, is_array=True)
            element.is_demanding = any(isinstance(m, Field) and m.required for m in item.items)
            _grow(element, item.items)
        else:
            for path in item.paths:
                node.add(path, is_array=item.value is TEXTS)


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _may_hold(path: tuple[str, ...]) -> str:
    """Whether a row has anything at a path: a search of its text, where asking would parse it.

    A row with characters written as codes may write its keys so, and then no search finds them.
    """
    telling = [key for key in path if key != "ids"] or path
    needles = [_literal(f'"{key}"') for key in telling]
    return " AND ".join(f"multiSearchAny(payload, [{needle}, {_ESCAPE}])" for needle in needles)


def _is_array(place: str) -> str:
    return f"tupleElement({place}, '{_NO_OBJECT}') IS NOT NULL"


def _keys(path: tuple[str, ...]) -> str:
    return ", ".join(f"'{key}'" for key in path)


def _is_none_of(type_: str, document: str, path: tuple[str, ...]) -> str:
    return f"JSONType({document}, {_keys(path)}) NOT IN ('Null', '{type_}')"


def _is_no_list(node: _Node, document: str, path: tuple[str, ...]) -> str:
    """Whether what was read as an empty array is something else than a list of nothing we read."""
    elements = f"JSONExtractArrayRaw({document}, {_keys(path)})"
    wrong = (
        f"notEmpty({elements})"
        if node.is_demanding
        else f"arrayExists(x -> JSONType(x) NOT IN ('Null', 'Object'), {elements})"
    )
    return f"{_is_none_of('Array', document, path)} OR {wrong}"


def _is_empty(node: _Node, base: str) -> str:
    return " AND ".join(f"{text} IS NULL" for text in _texts(node, base))


def _texts(node: _Node, base: str) -> Iterator[str]:
    for key, child in node.children.items():
        place = f"tupleElement({base}, '{key}')"
        if child.is_array:
            yield f"nullIf(notEmpty({place}), 0)"
        elif child.children:
            yield from _texts(child, place)
        else:
            yield place


def _source(compiler: _Compiler, descriptor: int) -> str:
    """Subquery of `payload` (the row's own bytes), `doc` (its allowed values), `_row_number`."""
    tree, spec = compiler.tree(), compiler.spec
    if spec.format is Format.JSON:
        decoded = (
            "SELECT _row_number, json AS payload, "
            f"JSONExtract(json, {_literal(tree.structure())}) AS doc "
            f"FROM file('/dev/fd/{descriptor}', JSONAsString, 'json String')"
        )
    else:
        columns = list(tree.children)
        structure = ", ".join(f"`{name}` Nullable(String)" for name in columns)
        names = ", ".join(f"`{name}`" for name in columns)
        decoded = (
            f"SELECT _row_number, toString(tuple({names})) AS payload, "
            f"CAST(tuple({names}), 'Tuple({structure})') AS doc "
            f"FROM file('/dev/fd/{descriptor}', CSVWithNames, '{structure}')"
        )
    if spec.unnest:
        return (
            f"SELECT _row_number, payload, doc, element FROM ({decoded}) "
            f"LEFT ARRAY JOIN tupleElement(doc, '{spec.unnest}') AS element"
        )
    return decoded


def content_hash(columns: dict[str, str]) -> str:
    """Hash of a row's values; a NULL is a value of its own, not the end of the hash."""
    return "cityHash64({})".format(
        ", ".join(
            f"isNull(`{name}`), assumeNotNull(`{name}`)"
            if type_.startswith("Nullable")
            else f"`{name}`"
            for name, type_ in columns.items()
        )
    )


def decoding_query(spec: DatasetSpec, descriptor: int) -> str:
    """The query that decodes the rows which arrive on an open file descriptor of this process.

    Its parameters: those of `keyed_hash_parameters`; decimal_separator, extracted_at, window_start,
    window_end, export_id, load_id (all String; moments as `YYYY-MM-DD hh:mm:ss.fff` in UTC); and
    one String (a day as `YYYY-MM-DD`) for each of the dataset's request columns, named like it.
    """
    compiler = _Compiler(spec)
    columns = [
        f"CAST({{{name}:String}}, '{type_}') AS `{name}`"
        for name, type_ in spec.request_columns.items()
    ]
    columns += [f"{compiler.column(item)} AS `{item.column}`" for item in spec.fields]
    moments = {
        name: f"toDateTime64({{{name}:String}}, 3, 'UTC')"
        for name in ("extracted_at", "window_start", "window_end")
    }
    undated = "extracted_at" if spec.filter is Filter.UTC_SINCE else "window_end"
    columns += [
        f"{f'`{spec.version}`' if spec.version else moments[undated]} AS _version_at",
        f"{moments['extracted_at']} AS _extracted_at",
        f"{moments['window_start']} AS _window_start",
        f"{moments['window_end']} AS _window_end",
        "{export_id:String} AS _export_id",
        "{load_id:String} AS _load_id",
        f"{content_hash(spec.columns)} AS _content_hash",
        "toUInt64(_row_number) AS _position",
        f"{_first_problem(compiler.problems())} AS _problem",
        f"if(_problem = '', 0, {keyed_hash('payload')}) AS _row_hash",
        _outside(spec, moments),
    ]
    return f"SELECT {', '.join(columns)} FROM ({_source(compiler, descriptor)})"


def _said(problem: tuple[str, str, str]) -> tuple[str, str]:
    condition, path, reason = problem
    return condition, _literal(f"{path}|{reason}")


def _first_problem(problems: Iterable[tuple[str, str]]) -> str:
    branches = ", ".join(f"{condition}, {verdict}" for condition, verdict in problems)
    return f"multiIf({branches}, '')"


def _outside(spec: DatasetSpec, moments: dict[str, str]) -> str:
    if not spec.event_time:
        return "false AS _outside"
    time, since, till = f"`{spec.event_time}`", moments["window_start"], moments["window_end"]
    return f"toBool({time} < {since} OR {time} >= {till}) AS _outside"
