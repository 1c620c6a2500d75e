"""What the boards need of dbt's `manifest.json`: models, their columns, metrics."""

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
    label_en: str = ""
    description_en: str = ""


@dataclass(frozen=True)
class Model:
    """A mart: a table of the warehouse."""

    name: str
    schema: str
    label: str
    description: str
    columns: dict[str, Column]


@dataclass(frozen=True)
class Metric:
    """A metric of the semantic layer, with what people read about it."""

    name: str
    label: str
    description: str
    meta: Node = field(default_factory=dict)

    @property
    def formula(self) -> str:
        """The formula in words."""
        return str(self.meta.get("formula", ""))

    @property
    def label_en(self) -> str:
        """The name in English."""
        return str(self.meta.get("label_en", ""))

    @property
    def description_en(self) -> str:
        """The description in English."""
        return _one_line(str(self.meta.get("description_en", "")))

    @property
    def formula_en(self) -> str:
        """The formula in English words."""
        return str(self.meta.get("formula_en", ""))


@dataclass(frozen=True)
class Manifest:
    """The part of dbt's manifest that becomes datasets."""

    models: dict[str, Model]
    metrics: dict[str, Metric]
    macros: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> "Manifest":
        """Read a manifest.

        Raises:
            ManifestError: it does not exist (run `dbt parse`).
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
        metrics = {node["name"]: _metric(node) for node in content["metrics"].values()}
        macros = {
            node["name"]: node["macro_sql"]
            for node in content["macros"].values()
            if node["package_name"] == PROJECT
        }
        return cls(models, metrics, macros)


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
            label_en=str(about.get("label_en", "")),
            description_en=_one_line(str(about.get("description_en", ""))),
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
        label=node["label"],
        description=_one_line(node["description"]),
        meta=_meta(node),
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
