with recursive
    merges as (
        select merged_customer_key, resulting_customer_key
        from {{ ref("stg_mindbox__customer_merges") }}
    ),

    -- Each step follows one more merge; a customer met before ends the walk, so that
    -- a cycle in the
    -- source cannot hang the build (is_cyclic marks it, and a test refuses it).
    chains as (
        select
            merged_customer_key as customer_key,
            resulting_customer_key as final_customer_key,
            [merged_customer_key, resulting_customer_key] as path
        from merges
        union all
        select
            chains.customer_key as customer_key,
            merges.resulting_customer_key as final_customer_key,
            arrayPushBack(chains.path, merges.resulting_customer_key) as path
        from chains
        inner join merges on chains.final_customer_key = merges.merged_customer_key
        where not has(chains.path, merges.resulting_customer_key)
    ),

    ends as (
        select
            customer_key,
            argMax(final_customer_key, length(path)) as final_customer_key,
            max(length(path)) - 1 as merges_followed
        from chains
        group by customer_key
    )

select
    customer_key,
    final_customer_key,
    toUInt32(merges_followed) as merges_followed,
    toUInt8(final_customer_key in (select merged_customer_key from merges)) as is_cyclic
from ends
