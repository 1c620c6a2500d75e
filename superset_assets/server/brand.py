"""One brand file (`brand/*.yml`) as Superset's light and dark theme and its palettes."""

from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[1] / "brand"
STATIC_URL = "/brand"


class Brand:
    """The tokens, palettes and number formats of one brand file."""

    def __init__(self, path: Path) -> None:
        """Read a brand file.

        Raises:
            FileNotFoundError: there is no such brand.
            KeyError: a section is missing from it.
        """
        content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        self.name: str = content["name"]
        self.font_family: str = content["font_family"]
        self._logo: dict[str, Any] = content["logo"]
        self._tokens: dict[str, dict[str, Any]] = content["tokens"]
        self._categorical: list[str] = content["palettes"]["categorical"]
        self._sequential: list[str] = content["palettes"]["sequential"]

    def theme(self, algorithm: str) -> dict[str, Any]:
        """Superset's theme of one algorithm, `default` (light) or `dark`."""
        logo = self._logo["dark" if algorithm == "dark" else "light"]
        return {
            "algorithm": algorithm,
            "token": {
                "brandAppName": self.name,
                "brandLogoAlt": self.name,
                "brandLogoUrl": f"{STATIC_URL}/{logo}",
                "brandLogoHeight": self._logo["height"],
                "brandLogoMargin": self._logo["margin"],
                "brandLogoHref": "/",
                "brandIconMaxWidth": self._logo["max_width"],
                "fontFamily": self.font_family,
                **self._tokens["common"],
                **self._tokens["dark" if algorithm == "dark" else "light"],
            },
            # ECharts falls to a serif font where it is not told otherwise.
            "echartsOptionsOverrides": {"textStyle": {"fontFamily": self.font_family}},
        }

    @property
    def favicon(self) -> str:
        """Address of the browser tab's icon."""
        return f"{STATIC_URL}/{self._logo['favicon']}"

    def categorical_schemes(self) -> list[dict[str, Any]]:
        """The palette of unordered values; the default of every chart."""
        return [
            {
                "id": "brand",
                "label": self.name,
                "description": "",
                "isDefault": True,
                "colors": self._categorical,
            }
        ]

    def sequential_schemes(self) -> list[dict[str, Any]]:
        """The palette of ordered values, for heat maps."""
        return [
            {
                "id": "brand_sequential",
                "label": self.name,
                "description": "",
                "isDefault": True,
                "isDiverging": False,
                "colors": self._sequential,
            }
        ]
