{{ config(order_by=["customer_key", "ordered_at", "order_id"]) }}

with
    orders as (select * from {{ ref("stg_mindbox__orders") }}),

    lines as (select * from {{ ref("stg_mindbox__order_lines") }}),

    identity as (select * from {{ ref("int_customer_identity") }}),

    -- Goal of an order: what is left of it after cancellations and returns.
    goal_lines as (
        select order_id, sum(line_amount) as lines_amount
        from lines
        where has({{ string_array(setting("order_goal_categories")) }}, status_category)
        group by order_id
    ),

    resolved as (
        select
            orders.order_id as order_id,
            orders.ordered_at as ordered_at,
            orders.order_date as order_date,
            {{ merged_customer("orders.customer_key", "identity") }} as customer_key,
            toUInt8(orders.customer_key != 0) as is_identified,
            orders.brand as brand,
            orders.order_channel as order_channel,
            orders.order_region as order_region,
            orders.total_price as total_price,
            toUInt8(goal_lines.order_id != '') as is_goal,
            if(
                goal_lines.order_id != '',
                toDecimal64(
                    goal_lines.lines_amount + coalesce(orders.delivery_cost, 0), 4
                ),
                toDecimal64(0, 4)
            ) as amount
        from orders
        left join goal_lines on orders.order_id = goal_lines.order_id
        left join identity on orders.customer_key = identity.customer_key
    ),

    -- The rank counts goal orders of known customers over all brands and channels:
    -- slices do not
    -- restart it, and a cancelled first order hands its rank to the next.
    ranked as (
        select
            order_id,
            toUInt32(row_number() over whole_history) as order_seq,
            lagInFrame(toNullable(ordered_at)) over whole_history as previous_order_at,
            leadInFrame(toNullable(ordered_at)) over whole_history as next_order_at,
            first_value(toNullable(ordered_at)) over whole_history as first_order_at
        from resolved
        where is_goal = 1 and is_identified = 1
        window
            whole_history as (
                partition by customer_key
                order by ordered_at, order_id
                rows between unbounded preceding and unbounded following
            )
    )

select
    resolved.order_id as order_id,
    resolved.ordered_at as ordered_at,
    resolved.order_date as order_date,
    resolved.customer_key as customer_key,
    resolved.is_identified as is_identified,
    resolved.brand as brand,
    resolved.order_channel as order_channel,
    resolved.order_region as order_region,
    resolved.is_goal as is_goal,
    resolved.amount as amount,
    resolved.total_price as total_price,
    resolved.total_price - resolved.amount as amount_gap,
    ranked.order_seq as order_seq,
    ranked.previous_order_at as previous_order_at,
    ranked.next_order_at as next_order_at,
    ranked.first_order_at as first_order_at
from resolved
left join ranked on resolved.order_id = ranked.order_id
