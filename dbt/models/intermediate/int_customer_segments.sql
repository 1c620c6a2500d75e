{{ config(order_by=["customer_key", "valid_from"]) }}

-- All segments that a customer is in at the same time, interval by interval. Whoever
-- has
-- been in one has a row for every day.
with
    memberships as (select * from {{ ref("int_segment_memberships") }}),

    edges as (
        select distinct customer_key, edge
        from memberships
        array join [toDate('1970-01-01'), valid_from, valid_till] as edge
        where edge < toDate('2149-06-06')
    ),

    stretches as (
        select
            customer_key,
            edge as stretch_from,
            leadInFrame(edge, 1, toDate('2149-06-06')) over (
                partition by customer_key
                order by edge
                rows between unbounded preceding and unbounded following
            ) as stretch_till
        from edges
    )

select
    stretches.customer_key as customer_key,
    stretches.stretch_from as valid_from,
    stretches.stretch_till as valid_till,
    cast(
        arraySort(
            groupArrayIf(
                memberships.segment,
                memberships.valid_from <= stretches.stretch_from
                and stretches.stretch_from < memberships.valid_till
            )
        ),
        'Array(LowCardinality(String))'
    ) as customer_segments
from stretches
inner join memberships on stretches.customer_key = memberships.customer_key
group by customer_key, valid_from, valid_till
