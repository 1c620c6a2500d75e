"""The catalogue that questions are composed by, written from dbt's manifest."""

from collections.abc import Iterable
from typing import Any

from jinja2 import Environment

from superset_assets.manifest import Manifest
from superset_assets.semantics.catalog import EVENTS, HELPERS, MARTS
from superset_assets.semantics.comparison import CHOICES
from superset_assets.semantics.events import OF_SUBSCRIPTIONS, PARTS_OF_ACTIONS

SCHEMA = "marts"
FAMILY_OF_VIEW = {
    "int_events_messages": "messages",
    "int_events_spam_reports": "complaints",
    "int_events_orders": "orders",
    "int_events_attributed_orders": "credits",
    "int_events_touched_orders": "touches",
    "int_events_visits": "visits",
    "int_events_lifecycle": "lifecycle",
}


def write_catalog(manifest: Manifest) -> dict[str, Any]:
    """The catalogue's content."""
    families = _families(manifest)
    tables = {
        model.name: {
            name: {
                "type": column.type,
                **({"group": column.group} if column.is_slice else {}),
                **(
                    {"families": sorted(families[name])}
                    if model.name == EVENTS and name in families
                    else {}
                ),
            }
            for name, column in model.columns.items()
        }
        for model in (manifest.models[mart] for mart in (*MARTS, *HELPERS))
    }
    additivity = {each.name: each.meta["additivity"] for each in manifest.metrics.values()}
    return {
        "schema": SCHEMA,
        "tables": tables,
        "additivity": dict(sorted(additivity.items())),
        "compared": {manifest.metrics[name].label: name for name in CHOICES},
    }


def _families(manifest: Manifest) -> dict[str, set[str]]:
    """Families of events by column of `wide_events`, from the registry that the models use."""
    found: dict[str, set[str]] = {}
    for view, columns in _called(manifest, "event_views").items():
        for column in columns:
            found.setdefault(column, set()).add(_family(column, view))
    return found


def _family(column: str, view: str) -> str:
    if column in PARTS_OF_ACTIONS or column == "is_order_outside_visits":
        return "actions"
    return "subscriptions" if column in OF_SUBSCRIPTIONS else FAMILY_OF_VIEW[view]


def _called(manifest: Manifest, name: str) -> dict[str, Iterable[str]]:
    """What a macro without parameters returns."""
    returned: list[dict[str, Iterable[str]]] = []
    environment = Environment(autoescape=False)  # noqa: S701 (no page, no foreign text)
    environment.globals["return"] = returned.append
    template = environment.from_string(manifest.macros[name] + "{{ " + name + "() }}")
    template.render()
    return returned[0]
