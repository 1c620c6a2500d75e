"""What we put into Superset last time, written down in Superset itself.

Superset keeps nothing that tells our objects from people's own. An annotation layer of a fixed name
holds it: what stands there and no longer in the files is ours to remove, anything else is not.
"""

import json
from typing import Any

from superset_assets.client import SupersetClient

NAME = "superset_assets: опубликованные объекты"


def read_ledger(client: SupersetClient) -> dict[str, Any]:
    """What is written down, by kind; empty before the first push."""
    layer = client.find("annotation_layer/", "name", NAME)
    content: dict[str, Any] = {} if layer is None else json.loads(layer["descr"])
    return content


def write_ledger(client: SupersetClient, **entries: Any) -> None:
    """Write entries over those of the same kinds; the other kinds stay."""
    layer = client.find("annotation_layer/", "name", NAME)
    known: dict[str, Any] = {} if layer is None else json.loads(layer["descr"])
    content = {"name": NAME, "descr": json.dumps({**known, **entries})}
    if layer is None:
        client.post("annotation_layer/", json=content)
    elif layer["descr"] != content["descr"]:
        client.put(f"annotation_layer/{layer['id']}", json=content)
