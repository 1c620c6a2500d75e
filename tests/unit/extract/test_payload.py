"""Parts are unpacked and unwrapped as a stream, and nothing truncated passes."""

import gzip
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindbox_extract.datasets import DATASETS
from mindbox_extract.errors import PayloadError
from mindbox_extract.payload import chunks, rows_array
from mindbox_extract.spec import DatasetSpec

from .conftest import Decode, an_order, as_part, part_of

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
objects = st.lists(st.dictionaries(st.text(), json_values, max_size=4), max_size=5)
spaces = st.text(" \n\r\t", max_size=5)


@given(objects, spaces, spaces, st.integers(1, 40))
def test_the_array_is_taken_out_whatever_the_chunks(
    rows: list[object], before: str, after: str, size: int
) -> None:
    array = json.dumps(rows)
    whole = f'{before}{{{before}"orders"{after}:{before}{array}{after}}}{after}'.encode()
    pieces = (whole[i : i + size] for i in range(0, len(whole), size))
    assert json.loads(b"".join(rows_array(pieces, "orders", "here"))) == rows


@given(st.binary(max_size=3000), st.integers(0, 3), st.booleans())
def test_a_part_is_unpacked_as_often_as_it_was_packed(
    content: bytes, times: int, marked: bool
) -> None:
    plain = b"x" + content
    packed = (b"\xef\xbb\xbf" if marked else b"") + plain
    for _ in range(times):
        packed = gzip.compress(packed)
    assert b"".join(chunks(part_of(packed), "here")) == plain


ORDERS = DATASETS["orders"]
# Of the same rows the id alone is read: the engine needs less time for that than for all columns.
ORDER_IDS = replace(ORDERS, fields=ORDERS.fields[:1])


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(ORDER_IDS, id="ids"),
        pytest.param(ORDERS, id="all_columns", marks=pytest.mark.verify),
    ],
)
def test_a_truncated_part_is_an_error_wherever_it_ends(
    decode: Decode, spec: DatasetSpec, packed: bool
) -> None:
    whole = as_part("orders", [an_order(), an_order()])
    if packed:
        whole = gzip.compress(whole)
    for end in {*range(0, len(whole), 29), *range(len(whole) - 12, len(whole))}:
        with pytest.raises(PayloadError, match="here"):
            decode(spec, whole[:end])
    assert len(decode(spec, whole).good) == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"customers":[]}', 'root is "customers", not "orders"'),
        (b"[]", "does not begin as"),
        (b"", "does not begin as"),
        (b"<orders/>", "does not begin as"),
        (b'{"orders":{}}', "does not begin as"),
        (b'{"orders":[],"customers":[]}', "not a complete list"),
        (b'{"orders":[]}{"orders":[]}', "not a complete list"),
        (b'{"orders":[1]}', "not a complete list"),
        (b'{"orders":[null]}', "not a complete list"),
        (gzip.compress(b'{"orders":[]}', mtime=0)[:-4], "truncated or damaged"),
        (gzip.compress(b'{"orders":[]}', mtime=0)[:-8] + b"\0" * 8, "truncated or damaged"),
    ],
)
def test_what_is_no_part_of_the_dataset_is_an_error(
    decode: Decode, content: bytes, says: str
) -> None:
    with pytest.raises(PayloadError, match="here") as error:
        decode("orders", content)
    assert says in str(error.value)


def test_an_empty_part_has_no_rows(decode: Decode) -> None:
    decoded = decode("orders", b'{"orders": [ ]}\n')
    assert (decoded.good, decoded.bad, decoded.outside) == ([], [], 0)
