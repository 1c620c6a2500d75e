"""Every brand file: colours that all eyes tell apart, text that can be read, fonts of its own."""

from itertools import combinations, pairwise
from pathlib import Path

import pytest
from coloraide import Color

from superset_assets.server.brand import FOLDER, Brand
from superset_assets.settings import Language

BRANDS = sorted(FOLDER.glob("*.yml"))
# CIEDE2000; about 2 is the least that a trained eye sees side by side, lines of a chart lie apart.
TELLABLE = 10
VISIONS = (None, "protan", "deutan", "tritan")
TEXT_CONTRAST, GRAPHICS_CONTRAST = 4.5, 2
# Of placeholders, empty charts and explanations.
DIMMED_TEXTS = ("colorTextPlaceholder", "colorTextTertiary", "colorTextDescription")
LIGHT_PAPER = "#FFFFFF"


@pytest.fixture(params=BRANDS, ids=lambda path: path.stem)
def brand(request: pytest.FixtureRequest) -> Brand:
    return Brand(request.param)


def test_there_are_two_brands_to_switch_between() -> None:
    assert [path.stem for path in BRANDS] == ["default", "north_wind"]


@pytest.mark.parametrize("vision", VISIONS)
def test_any_two_colours_of_the_palette_can_be_told_apart(brand: Brand, vision: str | None) -> None:
    scheme = brand.categorical_schemes(Language.RUSSIAN)[0]
    seen = {
        written: Color(written).filter(vision) if vision else Color(written)
        for written in scheme["colors"]
    }
    alike = {
        (one, other): round(difference, 1)
        for one, other in combinations(seen, 2)
        if (difference := seen[one].delta_e(seen[other], method="2000")) < TELLABLE
    }
    assert alike == {}


def test_colours_stand_out_from_both_papers(brand: Brand) -> None:
    scheme = brand.categorical_schemes(Language.RUSSIAN)[0]
    papers = (LIGHT_PAPER, brand.theme("dark")["token"]["colorBgBase"])
    faint = [
        (colour, paper)
        for colour in scheme["colors"]
        for paper in papers
        if Color(colour).contrast(paper) < GRAPHICS_CONTRAST
    ]
    assert faint == []


def test_ordered_values_grow_darker_step_by_step(brand: Brand) -> None:
    (scheme,) = brand.sequential_schemes()
    lightness = [Color(colour).convert("oklch")["lightness"] for colour in scheme["colors"]]
    assert all(one - other > 0.05 for one, other in pairwise(lightness))


@pytest.mark.parametrize("algorithm", ["default", "dark"])
def test_text_and_links_can_be_read(brand: Brand, algorithm: str) -> None:
    token = brand.theme(algorithm)["token"]
    papers = (
        [token["colorBgBase"]] if algorithm == "dark" else [LIGHT_PAPER, token["colorBgLayout"]]
    )
    faint = [
        (name, paper)
        for name in ("colorTextBase", *DIMMED_TEXTS, "colorLink", "colorError", "colorSuccess")
        for paper in papers
        if Color(token[name]).contrast(paper) < TEXT_CONTRAST
    ]
    assert faint == []


def test_everything_that_a_brand_names_is_there(brand: Brand) -> None:
    theme = brand.theme("default")["token"]
    named = [theme["brandLogoUrl"], brand.theme("dark")["token"]["brandLogoUrl"], brand.favicon]
    named += [part.split(")")[0] for part in brand.font_faces.split("src:url(")[1:]]
    assert len(named) == 6
    missing = [
        url for url in named if not (FOLDER / "static" / Path(url[len("/brand/") :])).exists()
    ]
    assert missing == []
    assert theme["fontFamily"].split(",")[0].strip("'") in brand.font_faces


@pytest.mark.parametrize("algorithm", ["default", "dark"])
def test_captions_of_tiles_can_be_read(brand: Brand, algorithm: str) -> None:
    token = brand.theme(algorithm)["token"]
    paper = token["colorBgBase"] if algorithm == "dark" else LIGHT_PAPER
    schemes = {each["id"]: each for each in brand.categorical_schemes(Language.RUSSIAN)}
    tiles, single = schemes["brand_tiles"], schemes["brand_single"]
    assert set(single["colors"]) <= set(tiles["colors"])
    faint = []
    for written in tiles["colors"]:
        tile = Color(written)
        seen = Color(paper).mix(tile.clone().set("alpha", 1), tile.alpha(), space="srgb")
        if seen.contrast(token["colorTextBase"]) < TEXT_CONTRAST:
            faint.append(written)
    assert faint == []
