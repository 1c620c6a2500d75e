"""Every failure has its section: messages point to anchors, and the anchors are there."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import mindbox_extract
from dagster_project.runbook import RUNBOOK, SECTIONS, Section, section_of
from mindbox_extract.errors import ExtractError, MindboxError

PAGE = Path(__file__).resolve().parents[2] / RUNBOOK
ANCHOR = re.compile(r'^<a id="([a-z-]+)"></a>$', re.MULTILINE)


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


def descendants(kind: type[ExtractError]) -> Iterator[type[ExtractError]]:
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


def raised_errors() -> list[type[ExtractError]]:
    for module in pkgutil.iter_modules(mindbox_extract.__path__):
        if module.name != "__main__":
            importlib.import_module(f"mindbox_extract.{module.name}")
    return [kind for kind in descendants(ExtractError) if kind.__module__.startswith("mindbox_")]


def test_every_error_of_the_extractor_has_a_section_that_names_it(page: str) -> None:
    found = raised_errors()
    assert MindboxError in found
    sections = sections_of(page)
    missing = [
        kind.__name__
        for kind in found
        if not kind.__name__.startswith("_")
        and kind.__name__ not in sections.get(section_of(kind), "")
    ]
    assert missing == []
    assert set(SECTIONS) <= set(found)


def test_every_anchor_that_messages_point_to_is_there_once(page: str) -> None:
    anchors = ANCHOR.findall(page)
    assert sorted(anchors) == sorted(set(anchors))
    assert [section for section in Section if section.value not in anchors] == []


def test_every_section_says_what_is_seen_why_and_what_to_do(page: str) -> None:
    incomplete = [
        anchor
        for anchor, text in sections_of(page).items()
        if anchor in set(Section) and not all(f"**{part}" in text for part in ("Seen", "Why", "Do"))
    ]
    assert incomplete == []


def test_every_link_within_the_page_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\(#([a-z-]+)\)", page)
    assert links
    assert set(links) <= set(ANCHOR.findall(page))


def sections_of(page: str) -> dict[str, str]:
    """The page's text by anchor."""
    parts = ANCHOR.split(page)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
