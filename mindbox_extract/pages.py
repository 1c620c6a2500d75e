"""The paged protocol: ask page after page until a page is not full, and count."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from .client import MindboxClient
from .errors import MindboxError
from .payload import Part, unnamed_file
from .planning import Request
from .project import Project
from .spec import DatasetSpec


class Pages:
    """Reads the pages of a paged operation; each page becomes a part, like a file of an export."""

    def __init__(self, client: MindboxClient, project: Project) -> None:
        self._client = client
        self._project = project

    def parts(self, spec: DatasetSpec, request: Request, where: str) -> Iterator[Part]:
        """Pages of a request that have rows.

        Raises:
            MindboxError: an answer without rows, or fewer rows than it announced.
        """
        size = self._project.transport.items_per_page
        seen, number = 0, 0
        while True:
            number += 1
            place = f"{where}, page {number}"
            answer = self._client.call(
                self._project.operation(spec.name), _page(spec, request, number, size), place
            )
            rows, count, total = _read(answer, spec, place)
            seen += count
            if count:
                file = unnamed_file()
                file.write(b'{"%s":%s}' % (spec.root.encode(), rows))
                yield Part(file, "", number)
            if count == size:
                continue
            if total is not None and seen < total:
                raise MindboxError(
                    f"{place}: the last page, though {total} rows were announced and {seen} came; "
                    "load the window again",
                    is_passing=True,
                )
            return


def _page(spec: DatasetSpec, request: Request, number: int, size: int) -> dict[str, Any]:
    return {
        f"{spec.root}Page": {
            "pageNumber": number,
            "itemsPerPage": size,
            "sinceDateTimeUtc": _milliseconds(request.window.since),
            "tillDateTimeUtc": _milliseconds(request.window.till),
        }
    }


def _milliseconds(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"[:-3]


def _read(answer: bytes, spec: DatasetSpec, where: str) -> tuple[bytes, int, int | None]:
    """The rows as they were written, how many they are, and the total if it was announced."""
    try:
        envelope = msgspec.json.decode(answer, type=dict[str, msgspec.Raw])
        rows = envelope[spec.root]
        count = len(msgspec.json.decode(rows, type=list[msgspec.Raw]))
        total = msgspec.json.decode(envelope.get("totalCount", b"null"), type=int | None)
    except (msgspec.DecodeError, KeyError) as error:
        raise MindboxError(
            f"{where}: an answer without a list of {spec.root} ({error}); does the operation in "
            "the project file export this dataset?"
        ) from None
    return bytes(rows), count, total
