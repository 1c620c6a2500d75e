"""One brand file (`brand/*.yml`) as Superset's light and dark theme and its palettes."""

import os
from pathlib import Path
from typing import Any

import yaml

from superset_assets.settings import Language, SettingsError

# What a subset of a font's letters holds, as its makers cut it (fontsource.org). The rouble sign is
# in `latin-ext`.
UNICODE_RANGES = {
    "cyrillic": "U+0301,U+0400-045F,U+0490-0491,U+04B0-04B1,U+2116",
    "latin": (
        "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,"
        "U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD"
    ),
    "latin-ext": (
        "U+0100-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,U+1D00-1DBF,U+1E00-1E9F,"
        "U+1EF2-1EFF,U+2020,U+20A0-20AB,U+20AD-20C0,U+2113,U+2C60-2C7F,U+A720-A7FF"
    ),
}
FOLDER = Path(__file__).resolve().parents[1] / "brand"
STATIC_URL = "/brand"
TILE_OPACITY = "66"
TILES = {Language.RUSSIAN: "плитки с подписями", Language.ENGLISH: "tiles with captions"}
SINGLE = {Language.RUSSIAN: "один цвет", Language.ENGLISH: "one colour"}


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
        self._fonts: list[dict[str, Any]] = content.get("fonts", [])
        self._logo: dict[str, Any] = content["logo"]
        self._tokens: dict[str, dict[str, Any]] = content["tokens"]
        self._categorical: list[str] = content["palettes"]["categorical"]
        self._sequential: list[str] = content["palettes"]["sequential"]

    @classmethod
    def chosen(cls) -> "Brand":
        """The brand that SUPERSET_BRAND names.

        Raises:
            SettingsError: there is no such brand.
        """
        name = os.environ.get("SUPERSET_BRAND") or "default"
        known = sorted(path.stem for path in FOLDER.glob("*.yml"))
        if name not in known:
            raise SettingsError(f"SUPERSET_BRAND is {name!r}: choose one of {', '.join(known)}")
        return cls(FOLDER / f"{name}.yml")

    @classmethod
    def all(cls) -> "list[Brand]":
        """Every brand that there is a file of."""
        return [cls(path) for path in sorted(FOLDER.glob("*.yml"))]

    @property
    def palette(self) -> list[str]:
        """Colours of unordered values, in the order in which they are given out."""
        return self._categorical

    def theme(self, algorithm: str) -> dict[str, Any]:
        """Superset's theme of one algorithm, `default` (light) or `dark`."""
        logo = self._logo["dark" if algorithm == "dark" else "light"]
        tokens = {
            **self._tokens["common"],
            **self._tokens["dark" if algorithm == "dark" else "light"],
        }
        link = tokens["colorLink"]
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
                **tokens,
            },
            # Of the primary colour the dark theme makes one that is too dim to be read.
            "components": {
                "Tabs": {
                    "itemSelectedColor": link,
                    "itemHoverColor": link,
                    "itemActiveColor": link,
                }
            },
            # ECharts falls to a serif font where it is not told otherwise.
            "echartsOptionsOverrides": {"textStyle": {"fontFamily": self.font_family}},
        }

    @property
    def font_faces(self) -> str:
        """CSS that loads the brand's own fonts from this server.

        Raises:
            KeyError: a font is cut into subsets that are not known.
        """
        return "".join(
            f"@font-face{{font-family:'{font['family']}';font-weight:{font['weights']};"
            f"font-display:swap;src:url({STATIC_URL}/fonts/{file}) format('woff2');"
            f"unicode-range:{UNICODE_RANGES[subset]}}}"
            for font in self._fonts
            for subset, file in font["files"].items()
        )

    @property
    def favicon(self) -> str:
        """Address of the browser tab's icon."""
        return f"{STATIC_URL}/{self._logo['favicon']}"

    def categorical_schemes(self, language: Language) -> list[dict[str, Any]]:
        """The palette of unordered values, the default of every chart, and two for captions.

        Superset writes the captions of a tree map and of a funnel in the theme's text colour upon
        the tiles and steps. Let through the page's background, they are light in the light theme
        and dark in the dark one. Where neighbours differ by their captions alone, as the steps of a
        funnel do, one colour is enough.

        Args:
            language: of the palettes' names.
        """
        tiles = [f"{colour}{TILE_OPACITY}" for colour in self._categorical]
        return [
            {
                "id": "brand",
                "label": self.name,
                "description": "",
                "isDefault": True,
                "colors": self._categorical,
            },
            {
                "id": "brand_tiles",
                "label": f"{self.name}: {TILES[language]}",
                "description": "",
                "isDefault": False,
                "colors": tiles,
            },
            {
                "id": "brand_single",
                "label": f"{self.name}: {SINGLE[language]}",
                "description": "",
                "isDefault": False,
                "colors": tiles[:1],
            },
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
