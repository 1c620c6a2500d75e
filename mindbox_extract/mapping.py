"""Holds the project file against the data: what it maps, and what the data have.

Both directions matter: a name of the data that is not mapped means nothing to the boards, and a
mapped name that never occurs may be misspelt.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .findings import Finding, Level
from .project import Project
from .samples import Name, Sample

_NAMES_SHOWN = 12

# People sleep: the quietest six hours of a shop begin about midnight, in most of its customers'
# time. Fewer moments than this say nothing.
_MOMENTS_NEEDED = 300
_QUIET_HOURS = 6
_QUIET_BEGINS = frozenset({22, 23, 0, 1, 2, 3, 4})


def mapped(project: Project, samples: Mapping[str, Sample]) -> Iterator[Finding]:
    """Findings about every part of the project file that the samples can confirm or refute.

    Args:
        project: the client's project file.
        samples: by dataset; one that could not be asked for is empty or missing.
    """
    names = {
        kind: sum((sample.names[kind] for sample in samples.values()), Counter()) for kind in Name
    }
    yield from _both_ways(
        Name.TEMPLATE,
        names,
        project.action_templates,
        "action_templates",
        "their actions are loaded and mean nothing",
    )
    yield from _both_ways(
        Name.LINE_STATUS,
        names,
        project.order_status_categories,
        "order_status_categories",
        "lines with them belong to no category, and no goal counts them",
    )
    yield from _both_ways(
        Name.POINT_OF_CONTACT,
        names,
        project.contact_points,
        "contact_points",
        "they are neither online nor offline",
    )
    yield from _both_ways(
        Name.VISIT_SOURCE,
        names,
        project.visit_sources,
        "visit_sources",
        "visits from them count as foreign and take orders from mailings",
    )
    yield from _segmentations(project, names[Name.SEGMENTATION])
    yield from _product_ids(project, names[Name.PRODUCT_ID_SYSTEM])
    yield from _survey(project, samples)
    yield from _separator(project, samples)
    yield from _time_zone(project, samples, names[Name.TIME_ZONE])


def _both_ways(
    kind: Name,
    names: Mapping[Name, Counter[str]],
    known: Collection[str],
    setting: str,
    cost: str,
) -> Iterator[Finding]:
    seen = names[kind]
    if not seen:
        return
    unmapped = Counter({name: count for name, count in seen.items() if name not in known})
    if unmapped:
        yield Finding(
            Level.WARNING,
            "project",
            f"{kind}: {_most(unmapped)} not in `{setting}`; {cost}",
        )
    unseen = sorted(name for name in known if name not in seen)
    if unseen:
        yield Finding(
            Level.NOTE,
            "project",
            f"{kind}: {_listed(unseen)} in `{setting}` never seen in the sample; misspelt, or rare",
        )
    if not unmapped:
        yield Finding(Level.OK, "project", f"{kind}: all {len(seen)} that were seen are mapped")


def _segmentations(project: Project, seen: Counter[str]) -> Iterator[Finding]:
    unseen = [name for name in project.segmentations if seen and name not in seen]
    if unseen:
        yield Finding(
            Level.WARNING,
            "project",
            f"segmentation: {_listed(unseen)} in `segmentations`, which no customer of the sample "
            "has; is the external id right?",
        )
    others = Counter({name: n for name, n in seen.items() if name not in project.segmentations})
    if others:
        yield Finding(
            Level.NOTE,
            "project",
            f"segmentation: {_most(others)} not in `segmentations`; their changes are not loaded",
        )


def _product_ids(project: Project, seen: Counter[str]) -> Iterator[Finding]:
    system = project.product_id_system
    ours = system[:1].lower() + system[1:]
    if seen and ours not in seen:
        yield Finding(
            Level.ERROR,
            "project",
            f"product id system: no product has an id of {system}; products have {_most(seen)}; "
            "correct `product_id_system`, or no line has a product",
        )
    elif seen:
        yield Finding(Level.OK, "project", f"product id system: products have ids of {system}")


def _survey(project: Project, samples: Mapping[str, Sample]) -> Iterator[Finding]:
    actions = samples.get("customer_actions", Sample())
    surveys = [t for t, told in project.action_templates.items() if told.kind == "survey_answer"]
    answers = [template for template in surveys if actions.names[Name.TEMPLATE][template]]
    if not answers:
        return
    fields = sum((actions.fields_of_templates.get(t, Counter()) for t in answers), Counter[str]())
    configured = project.survey_score_field or ""
    ours = configured[:1].lower() + configured[1:]
    if not configured:
        message = f"survey: answers come ({_listed(answers)}) and `survey_score_field` is not set"
    elif ours not in fields:
        message = f"survey: no answer has `{configured}`; answers have {_most(fields) or 'nothing'}"
    else:
        yield Finding(Level.OK, "project", f"survey: {fields[ours]} answers have `{configured}`")
        return
    yield Finding(Level.WARNING, "project", f"{message}; without the score there is no NPS")


def _separator(project: Project, samples: Mapping[str, Sample]) -> Iterator[Finding]:
    seen = sum((sample.separators for sample in samples.values()), Counter[str]())
    ours, other = project.decimal_separator, {",": ".", ".": ","}[project.decimal_separator]
    if seen[other] and not seen[ours]:
        # A dot is read in any case; a comma only where the project says so.
        yield Finding(
            Level.ERROR if other == "," else Level.WARNING,
            "project",
            f"decimal separator: {seen[other]} numbers of CSV files are written with {other!r} and "
            f"none with {ours!r}; correct `decimal_separator`",
        )
    elif seen[ours]:
        yield Finding(Level.OK, "project", f"decimal separator: {ours!r} in {seen[ours]} numbers")


def _time_zone(
    project: Project, samples: Mapping[str, Sample], zones: Counter[str]
) -> Iterator[Finding]:
    hours = sum((sample.hours for sample in samples.values()), Counter[int]())
    if hours.total() >= _MOMENTS_NEEDED:
        begins = min(range(24), key=lambda first: _within(hours, first))
        plausible = begins in _QUIET_BEGINS
        yield Finding(
            Level.OK if plausible else Level.WARNING,
            "project",
            f"time zone: the quietest {_QUIET_HOURS} hours of orders and visits begin at "
            f"{begins}:00 in {project.time_zone}"
            + ("" if plausible else "; is it the time zone of the Mindbox project?"),
        )
    common = next((name for name, _ in zones.most_common(1)), None)
    if common and _offset(common) not in (None, _offset(project.time_zone)):
        yield Finding(
            Level.NOTE,
            "project",
            f"time zone: most customers live in {common}, the project file says "
            f"{project.time_zone}; check Settings -> Project in Mindbox",
        )


def _within(hours: Counter[int], first: int) -> int:
    return sum(hours[hour % 24] for hour in range(first, first + _QUIET_HOURS))


def _offset(zone: str) -> object:
    try:
        return datetime.now(UTC).astimezone(ZoneInfo(zone)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _most(names: Counter[str]) -> str:
    shown = [f"{name} ({count})" for name, count in names.most_common(_NAMES_SHOWN)]
    return _listed(shown, len(names))


def _listed(names: list[str], total: int | None = None) -> str:
    more = (total or len(names)) - min(len(names), _NAMES_SHOWN)
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
