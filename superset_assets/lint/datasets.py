"""Rules on datasets."""

import re
from collections.abc import Iterator

from superset_assets.dataset_builder import METRICS
from superset_assets.files import Asset, AssetFiles
from superset_assets.lint.problem import Problem
from superset_assets.manifest import Manifest
from superset_assets.semantic_catalog import write_catalog
from superset_assets.semantics.catalog import Catalog
from superset_assets.semantics.measures import measure

WORD = re.compile(r"[a-zA-Z_]\w*")
TEXT = re.compile(r"'(?:[^'\\]|\\.)*'")
JINJA = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
CALL = re.compile(r"([a-zA-Z_]\w*)\s*\(")
# Variables of lambdas, and names given with AS.
VARIABLES = re.compile(r"(\w+)\s*->|\(([\w\s,]+)\)\s*->|\bas\s+(\w+)", re.IGNORECASE)
SQL_WORDS = {"and", "or", "not", "in", "null", "is", "as", "case", "when", "then", "else", "end"}
SQL_WORDS |= {
    "over",
    "partition",
    "by",
    "order",
    "desc",
    "asc",
    "distinct",
    "interval",
    "between",
    "nulls",
    "first",
    "last",
}
NARROW_FORMAT = re.compile(r"^\$?[+\-(]?[#0]?\d*,?(?:\.\d+)?~?[%dfs]?$")


def dataset_rules(files: AssetFiles, manifest: Manifest | None) -> Iterator[Problem]:
    """Time columns, names, descriptions and formats; with a manifest, the chain to dbt."""
    for dataset in files.of("datasets"):
        yield from _time_column(dataset)
        yield from _metrics(dataset)
        yield from _texts(dataset)
        if manifest is not None:
            yield from _chain(dataset, manifest)


def _time_column(dataset: Asset) -> Iterator[Problem]:
    content = dataset.content
    columns = {column["column_name"]: column for column in content["columns"]}
    main = content["main_dttm_col"]
    if main is not None and main not in columns:
        yield Problem(dataset.path, f"its time column {main} is none of its columns")
    for name, column in columns.items():
        if column["is_dttm"] and not column["expression"]:
            # The grain is cut under the column's own name, and the period then filters the cut
            # value: wrong numbers without an error.
            yield Problem(dataset.path, f"time column {name} is a physical one; calculate it")
        elif column["is_dttm"] and name in _words(column["expression"]):
            yield Problem(dataset.path, f"time column {name} is named like a physical column")
        if _is_zoned(str(column["type"])):
            # Its literals are read in the server's zone.
            yield Problem(dataset.path, f"column {name} is a DateTime with a zone; use a Date")


def _is_zoned(type_: str) -> bool:
    return re.search(r"DateTime(?:64)?\([^)]*'", type_) is not None


def _metrics(dataset: Asset) -> Iterator[Problem]:
    columns = {column["column_name"] for column in dataset.content["columns"]}
    metrics = {metric["metric_name"] for metric in dataset.content["metrics"]}
    used = {word for metric in dataset.content["metrics"] for word in _words(metric["expression"])}
    for name in sorted(metrics & (columns | used)):
        yield Problem(dataset.path, f"metric {name} is named like a column")
    for metric in dataset.content["metrics"]:
        if "remove_filter" in metric["expression"]:
            # It would take the filter from every metric of the query.
            yield Problem(dataset.path, f"metric {metric['metric_name']} removes a filter")


def _texts(dataset: Asset) -> Iterator[Problem]:
    content = dataset.content
    if not content["description"]:
        yield Problem(dataset.path, "it has no description")
    parts = [("column", part["column_name"], part) for part in content["columns"]]
    parts += [("metric", part["metric_name"], part) for part in content["metrics"]]
    for kind, name, part in parts:
        for field in ("description", "verbose_name"):
            if not part[field]:
                yield Problem(dataset.path, f"{kind} {name} has no {field}")
    for metric in content["metrics"]:
        if not is_explicit_format(metric["d3format"]):
            yield Problem(
                dataset.path,
                f"metric {metric['metric_name']}: {metric['d3format']!r} is no explicit format",
            )
        if metric["currency"]:
            # It prints the code of the currency, never its sign.
            yield Problem(dataset.path, f"metric {metric['metric_name']}: use a $ in its format")


def is_explicit_format(d3format: object) -> bool:
    """Whether a number format is written out, and so follows the language's number locale."""
    return (
        isinstance(d3format, str)
        and bool(d3format)
        and NARROW_FORMAT.match(d3format) is not None
        and not d3format.endswith("s")
    )


def _chain(dataset: Asset, manifest: Manifest) -> Iterator[Problem]:
    """What a dataset reads must be a mart; what the composed one names, a column of some mart."""
    name, schema = dataset.content["table_name"], dataset.content["schema"]
    model = manifest.models.get(name)
    if dataset.content["sql"] is None and (model is None or model.schema != schema):
        yield Problem(dataset.path, f"dbt has no model {schema}.{name}")
    if name == METRICS:
        yield from _composed(dataset, manifest)


def _composed(dataset: Asset, manifest: Manifest) -> Iterator[Problem]:
    catalog = Catalog.of(write_catalog(manifest))
    for column in dataset.content["columns"]:
        used = _words(column["expression"]) if column["expression"] else {column["column_name"]}
        for word in sorted(used - catalog.slices.keys()):
            if measure(word, catalog) is None:
                yield Problem(dataset.path, f"column {column['column_name']}: no mart has {word}")
    for metric in dataset.content["metrics"]:
        for word in sorted(_words(metric["expression"]) - catalog.slices.keys()):
            if measure(word, catalog) is None:
                yield Problem(dataset.path, f"metric {metric['metric_name']}: no mart has {word}")


def _words(expression: str) -> set[str]:
    """The column names of an SQL expression: its words without functions, texts and variables."""
    bare = TEXT.sub("''", JINJA.sub(" ", expression))
    own = {name for listed in VARIABLES.findall(bare) for name in WORD.findall("".join(listed))}
    words = {word for word in WORD.findall(bare) if word.lower() not in SQL_WORDS}
    return words - set(CALL.findall(bare)) - own
