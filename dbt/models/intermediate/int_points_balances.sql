{{ config(order_by=["customer_key", "balance"]) }}

-- Balances as Mindbox exports them beside the sum of the movements that are loaded.
-- A balance is as old as its customer's row, so movements count up to the moment
-- that row was received, and the two can be compared only where movements and merges
-- are loaded up to there without a gap.
with
    balances as (select * from {{ ref("stg_mindbox__customer_balances") }}),

    movements as (select * from {{ ref("stg_mindbox__points_movements") }}),

    identity as (select * from {{ ref("int_customer_identity") }}),

    stretches as (select * from {{ ref("int_loaded_stretches") }}),

    first_stretches as (
        select dataset, argMin(loaded_till, loaded_from) as first_loaded_till
        from stretches
        where dataset in ('customer_actions', 'customer_merges')
        group by dataset
    ),

    loaded as (
        select count() as datasets, min(first_loaded_till) as loaded_till
        from first_stretches
    ),

    moved as (
        select
            {{ merged_customer("movements.customer_key", "identity") }} as customer_key,
            movements.balance as balance,
            movements.points as points,
            movements.created_at as created_at
        from movements
        left join identity on movements.customer_key = identity.customer_key
    ),

    summed as (
        select
            balances.customer_key as customer_key,
            balances.balance as balance,
            any(balances.total_points) as total_points,
            any(balances.received_at) as received_at,
            toDecimal64(
                sumIf(moved.points, moved.created_at <= balances.received_at), 4
            ) as moved_points
        from balances
        left join
            moved
            on balances.customer_key = moved.customer_key
            and balances.balance = moved.balance
        where balances.customer_key not in (select customer_key from identity)
        group by customer_key, balance
    )

select
    customer_key,
    balance,
    total_points,
    moved_points,
    total_points - moved_points as difference,
    received_at,
    toUInt8(
        (select datasets from loaded) = 2
        and (select loaded_till from loaded)
        + toIntervalMinute({{ setting("reconciliation_quiet_tail_minutes") | int }})
        >= received_at
    ) as is_comparable
from summed
