"""What the boards need of dbt's `manifest.json`: models, their columns, the semantic layer."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Node = dict[str, Any]
PROJECT = "mindbox_analytics"


class ManifestError(Exception):
    """The manifest is missing or does not hold what the boards need."""


@dataclass(frozen=True)
class Column:
    """A column of a mart."""

    name: str
    type: str
    label: str
    description: str
    is_slice: bool
    is_hidden: bool
    group: str


@dataclass(frozen=True)
class Model:
    """A mart: a table of the warehouse."""

    name: str
    schema: str
    label: str
    description: str
    columns: dict[str, Column]


@dataclass(frozen=True)
class Measure:
    """An aggregate over a column of a model."""

    name: str
    model: str
    agg: str
    expr: str


@dataclass(frozen=True)
class Metric:
    """A metric of the semantic layer, with what people read about it."""

    name: str
    kind: str
    label: str
    description: str
    type_params: Node
    where: tuple[str, ...]
    meta: Node = field(default_factory=dict)

    @property
    def formula(self) -> str:
        """The formula in words."""
        return str(self.meta.get("formula", ""))


@dataclass(frozen=True)
class Manifest:
    """The part of dbt's manifest that becomes datasets."""

    models: dict[str, Model]
    measures: dict[str, Measure]
    metrics: dict[str, Metric]
    dimensions: dict[str, str]
    macros: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> "Manifest":
        """Read a manifest.

        Raises:
            ManifestError: it does not exist (run `dbt parse`) or names a model it lacks.
        """
        if not path.exists():
            raise ManifestError(f"{path} does not exist: run `dbt parse` in the folder dbt")
        return cls.of(json.loads(path.read_text(encoding="utf-8")))

    @classmethod
    def of(cls, content: Node) -> "Manifest":
        """Take what is needed from a parsed manifest."""
        models = {
            node["name"]: _model(node)
            for node in content["nodes"].values()
            if node["resource_type"] == "model"
        }
        measures: dict[str, Measure] = {}
        dimensions: dict[str, str] = {}
        for semantic in content["semantic_models"].values():
            model = semantic["node_relation"]["alias"]
            if model not in models:
                raise ManifestError(f"semantic model {semantic['name']} is over no model: {model}")
            for measure in semantic["measures"]:
                name = measure["name"]
                measures[name] = Measure(name, model, measure["agg"], measure["expr"] or name)
            for dimension in semantic["dimensions"]:
                name = dimension["name"]
                dimensions[name] = dimension["expr"] or name
        metrics = {node["name"]: _metric(node) for node in content["metrics"].values()}
        macros = {
            node["name"]: node["macro_sql"]
            for node in content["macros"].values()
            if node["package_name"] == PROJECT
        }
        return cls(models, measures, metrics, dimensions, macros)


def _meta(node: Node) -> Node:
    return {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}


def _model(node: Node) -> Model:
    meta = _meta(node)
    columns = {}
    for column in node["columns"].values():
        about = _meta(column)
        columns[column["name"]] = Column(
            name=column["name"],
            type=column.get("data_type") or "",
            label=about.get("label", ""),
            description=_one_line(column["description"]),
            is_slice=bool(about.get("slice")),
            is_hidden=bool(about.get("hidden")),
            group=str(about.get("slice_group", "")),
        )
    return Model(
        name=node["alias"] if "alias" in node else node["name"],
        schema=node["schema"],
        label=str(meta.get("label", node["name"])),
        description=_one_line(node["description"]),
        columns=columns,
    )


def _metric(node: Node) -> Metric:
    return Metric(
        name=node["name"],
        kind=node["type"],
        label=node["label"],
        description=_one_line(node["description"]),
        type_params=node["type_params"],
        where=conditions(node.get("filter")),
        meta=_meta(node),
    )


def conditions(filters: Node | None) -> tuple[str, ...]:
    """The SQL templates of a `filter:` of the semantic layer."""
    if not filters:
        return ()
    return tuple(each["where_sql_template"] for each in filters["where_filters"])


def _one_line(text: str) -> str:
    return " ".join(text.split())
