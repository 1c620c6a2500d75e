-- Of several merges of one customer the last executed is in force.
with
    customer_merges as (select * from {{ source("mindbox", "customer_merges") }}),

    latest as (
        select *
        from customer_merges
        order by
            merged_customer_key,
            changed_at desc,
            _extracted_at desc,
            resulting_customer_key
        limit 1 by merged_customer_key
    )

select merged_customer_key, resulting_customer_key, changed_at as merged_at
from latest
