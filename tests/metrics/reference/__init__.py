"""The metrics counted row by row from the world's own facts: no SQL, no arithmetic shared with it.

Definitions are read off the catalogue of metrics, not off the models.
"""

from tests.metrics.reference.questions import Question
from tests.metrics.reference.shop import METRICS, Reference
from tests.metrics.reference.words import MODEL_NAMES, UNKNOWN, Value

__all__ = ["METRICS", "MODEL_NAMES", "UNKNOWN", "Question", "Reference", "Value"]
