"""Row-level rules of the boards' datasets: closed to whoever no role of brands opens.

Datasets with a column `brand` are cut by it. Those without tell of all brands at once and are for
whoever sees all of them, but for the few that tell of none.
"""

from collections.abc import Iterable
from typing import Any

from superset_assets.brand_roles import (
    ADMIN,
    ALL_BRANDS_ROLE,
    BRAND_ROLE_PREFIX,
    brand_role,
)
from superset_assets.client import SupersetClient
from superset_assets.dataset_builder import dataset_uuid
from superset_assets.files import AssetFiles

CLOSED = "Бренды: закрыто без роли бренда"
CLOSED_TO_BRANDS = "Бренды: только для видящих все бренды"
_NOTHING = "1 = 0"
# Rules of one group are joined by OR: two brands are seen side by side.
_GROUP = "brand"


def apply_row_rules(
    client: SupersetClient, files: AssetFiles, open_datasets: frozenset[str]
) -> None:
    """Make the rules be as the files and the roles of brands say.

    Args:
        client: Superset, as its administrator; the datasets are published.
        files: the assets.
        open_datasets: datasets without a brand that are for everybody.
    """
    cut: list[int] = []
    uncut: list[int] = []
    for asset in files.of("datasets"):
        found = client.by_uuid("dataset", dataset_uuid(asset.path.stem))
        if found is None:
            continue
        columns = {column["column_name"] for column in asset.content["columns"]}
        if "brand" in columns:
            cut.append(found["id"])
        elif asset.path.stem not in open_datasets:
            uncut.append(found["id"])
    everything = [_ensure_role(client, name) for name in (ADMIN, ALL_BRANDS_ROLE)]
    brands = _brand_roles(client)
    _rule(client, CLOSED, None, cut, [*everything, *brands.values()])
    _rule(client, CLOSED_TO_BRANDS, None, uncut, everything)
    for name, role in brands.items():
        brand = name.removeprefix(BRAND_ROLE_PREFIX).replace("'", "''")
        _rule(client, name, f"brand = '{brand}'", cut, [role])


def ensure_brands(client: SupersetClient, brands: Iterable[str]) -> None:
    """Have a role for each brand; `apply_row_rules` then gives it rows.

    Raises:
        ValueError: one is no brand.
    """
    for brand in brands:
        _ensure_role(client, brand_role(brand))


def _brand_roles(client: SupersetClient) -> dict[str, int]:
    return {
        role["name"]: role["id"]
        for role in client.rows("security/roles/")
        if role["name"].startswith(BRAND_ROLE_PREFIX)
    }


def _ensure_role(client: SupersetClient, name: str) -> int:
    found = client.find("security/roles/", "name", name)
    made = found or client.post("security/roles/", json={"name": name})
    return int(made["id"])


def _rule(
    client: SupersetClient, name: str, clause: str | None, tables: list[int], roles: list[int]
) -> None:
    """Have a rule for the roles; without a clause, one that closes the tables to all others."""
    found = client.find("rowlevelsecurity/", "name", name)
    if not tables:
        # Superset keeps no rule without a table.
        if found is not None:
            client.delete(f"rowlevelsecurity/{found['id']}")
        return
    wanted: dict[str, Any] = {
        "name": name,
        "filter_type": "Regular" if clause else "Base",
        "clause": clause or _NOTHING,
        "group_key": _GROUP if clause else "",
        "tables": sorted(tables),
        "roles": sorted(roles),
    }
    if found is None:
        client.post("rowlevelsecurity/", json=wanted)
    elif _held(found) != wanted:
        client.put(f"rowlevelsecurity/{found['id']}", json=wanted)


def _held(rule: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": rule["name"],
        "filter_type": rule["filter_type"],
        "clause": rule["clause"],
        "group_key": rule["group_key"] or "",
        "tables": sorted(table["id"] for table in rule["tables"]),
        "roles": sorted(role["id"] for role in rule["roles"]),
    }
