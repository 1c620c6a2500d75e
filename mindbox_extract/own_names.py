"""Names that every project of Mindbox makes up for itself, and where datasets use them.

Paths in `datasets` have a placeholder where such a name stands; a project's names take their place
before anything is asked for. A CSV column writes the name with a capital, as all its parts.
"""

from collections.abc import Mapping
from dataclasses import replace

from .project import Project
from .spec import DatasetSpec, Field, ListField

PRODUCT_ID_SYSTEM = "$product_id_system"
PRODUCT_ID_COLUMN = "$ProductIdSystem"
PRODUCT_COST_COLUMN = "$ProductCostField"
SURVEY_SCORE_FIELD = "$survey_score_field"


def named(spec: DatasetSpec, project: Project) -> DatasetSpec:
    """The dataset with the project's own names in its paths.

    A path with a name that the project does not have becomes empty.
    """
    names = {
        PRODUCT_ID_SYSTEM: project.product_id_system,
        PRODUCT_ID_COLUMN: _capitalised(project.product_id_system),
        PRODUCT_COST_COLUMN: _capitalised(project.product_cost_field or ""),
        SURVEY_SCORE_FIELD: project.survey_score_field or "",
    }
    return replace(spec, fields=tuple(_renamed(item, names) for item in spec.fields))


def _renamed(item: Field | ListField, names: Mapping[str, str]) -> Field | ListField:
    if isinstance(item, ListField):
        return replace(item, items=tuple(_renamed(member, names) for member in item.items))
    return replace(
        item,
        path=_filled(item.path, names),
        fallbacks=tuple(_filled(path, names) for path in item.fallbacks),
    )


def _filled(path: str, names: Mapping[str, str]) -> str:
    for placeholder, name in names.items():
        if placeholder in path:
            return path.replace(placeholder, name) if name else ""
    return path


def _capitalised(name: str) -> str:
    return name[:1].upper() + name[1:]
