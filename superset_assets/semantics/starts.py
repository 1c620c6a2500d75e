"""What customers were when a bucket began: a slice that the bucket's own orders cannot move."""

from collections.abc import Collection

from superset_assets.semantics.buckets import Buckets
from superset_assets.semantics.catalog import RFM, RFM_AT_START, STATES, Catalog
from superset_assets.semantics.intervals import Intervals


def segment_at_start(catalog: Catalog) -> str:
    """The RFM segment at the start; whoever had no state then had no orders either."""
    nobody = catalog.tables[STATES][RFM].words[-1]
    return f"if(starts.customer_key = 0, '{nobody}', toString(starts.{RFM}))"


def join_starts(
    source: str,
    *,
    customer: str,
    bucket: str,
    slices: Collection[str],
    catalog: Catalog,
    buckets: Buckets,
    brand: str,
    brands: str,
) -> str:
    """A source with its customers' states on the day before their row's bucket, if asked for.

    Args:
        source: what stands behind FROM.
        customer: expression of a row's customer.
        bucket: expression of the number of a row's bucket.
        slices: the slices of the question.
        catalog: what there is.
        buckets: the buckets of the question.
        brand: expression of a row's brand, empty where brands are not told apart.
        brands: the condition that picks the states of all brands together, or brand by brand.
    """
    if RFM_AT_START not in slices:
        return source
    opening = Intervals(catalog, buckets, STATES, "openings").source(opening=True, where=brands)
    return (
        f"{source}\nany left join"
        f" (select brand, customer_key, bucket, {RFM} from {opening}) as starts"
        f" on {customer} = starts.customer_key and {bucket} = starts.bucket"
        f"{f' and {brand} = starts.brand' if brand else ''}"
    )
