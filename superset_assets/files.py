"""The asset files of this room: Superset's export format, one YAML per object."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from superset_assets.filter_bar import FilterBar

Content = dict[str, Any]
KINDS = ("databases", "datasets", "charts", "dashboards")


class _Dumper(yaml.SafeDumper):
    """Writes block text where there are line breaks, and never an alias."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def to_yaml(content: Content) -> str:
    """The one way an asset is written: sorted keys, readable Russian, block text."""
    return yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=True, width=100)


@dataclass(frozen=True)
class Asset:
    """One object and the file it lives in (relative to the room).

    A board's content has the whole filter bar, as Superset has it; its file has its exceptions.
    """

    kind: str
    path: Path
    content: Content

    @property
    def uuid(self) -> str:
        """The identity that Superset keeps across installations."""
        return str(self.content["uuid"])


@dataclass(frozen=True)
class AssetFiles:
    """All asset files below a folder."""

    root: Path

    def of(self, kind: str) -> list[Asset]:
        """The assets of one kind, in the order of their paths."""
        return [asset for asset in self.all if asset.kind == kind]

    @cached_property
    def all(self) -> list[Asset]:
        """Every asset."""
        return list(self._read())

    @cached_property
    def filter_bar(self) -> FilterBar:
        """The filter bar that the boards share."""
        return FilterBar.read(self.root)

    def _read(self) -> Iterator[Asset]:
        for kind in KINDS:
            for path in sorted((self.root / kind).rglob("*.yaml")):
                content = yaml.safe_load(path.read_text(encoding="utf-8"))
                if kind == "dashboards":
                    content = self.filter_bar.expanded(content)
                yield Asset(kind, path.relative_to(self.root), content)

    def by_uuid(self, kind: str) -> dict[str, Asset]:
        """The assets of one kind by their identity."""
        return {asset.uuid: asset for asset in self.of(kind)}

    def write(self, path: Path, content: Content) -> bool:
        """Write one asset.

        Args:
            path: relative to the room.
            content: what Superset exports, normalized.

        Returns:
            Whether the file changed.
        """
        if path.parts[0] == "dashboards":
            content = self.filter_bar.contracted(content)
        target, text = self.root / path, to_yaml(content)
        if target.exists() and target.read_text(encoding="utf-8") == text:
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return True
