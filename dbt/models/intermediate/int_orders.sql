{{ config(order_by=["customer_key", "ordered_at", "order_id"]) }}

with
    orders as (select * from {{ ref("stg_mindbox__orders") }}),

    lines as (select * from {{ ref("int_order_lines") }}),

    payments as (select * from {{ ref("stg_mindbox__order_payments") }}),

    applied_promotions as (select * from {{ ref("stg_mindbox__order_promotions") }}),

    promotions as (select * from {{ ref("stg_mindbox__promotions") }}),

    identity as (select * from {{ ref("int_customer_identity") }}),

    sums as (
        select
            order_id,
            max(is_goal_line) as is_goal,
            toDecimal64(sum(line_amount), 4) as amount,
            toDecimal64(sum(line_gross), 4) as gross_amount,
            toDecimal64(sum(line_cancelled), 4) as cancelled_amount,
            toDecimal64(sum(line_returned), 4) as returned_amount,
            toDecimal64(sumIf(quantity, is_goal_line = 1), 4) as units,
            arraySort(
                groupUniqArrayIf(product_id, is_goal_line = 1 and is_delivery = 0)
            ) as product_keys
        from lines
        group by order_id
    ),

    payment_types as (
        select
            order_id,
            -- A way of paying speaks for the order when more than half went by it.
            if(
                max(paid) * 2 > sum(paid), argMax(payment_type, paid), 'mixed'
            ) as payment_type
        from
            (
                select order_id, payment_type, sum(amount) as paid
                from payments
                group by order_id, payment_type
            )
        group by order_id
    ),

    order_promotions as (
        select
            applied_promotions.order_id as order_id,
            arraySort(
                groupUniqArray(
                    multiIf(
                        promotions.promotion_name != '',
                        promotions.promotion_name,
                        applied_promotions.promotion_name != '',
                        applied_promotions.promotion_name,
                        applied_promotions.promotion_id
                    )
                )
            ) as promotions
        from applied_promotions
        left join
            promotions on applied_promotions.promotion_id = promotions.promotion_id
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
            orders.contact_point_type as contact_point_type,
            orders.order_region as order_region,
            payment_types.payment_type as payment_type,
            order_promotions.promotions as promotions,
            orders.total_price as total_price,
            sums.is_goal as is_goal,
            sums.amount as amount,
            sums.gross_amount as gross_amount,
            sums.cancelled_amount as cancelled_amount,
            sums.returned_amount as returned_amount,
            sums.units as units,
            sums.product_keys as product_keys
        from orders
        left join sums on orders.order_id = sums.order_id
        left join payment_types on orders.order_id = payment_types.order_id
        left join order_promotions on orders.order_id = order_promotions.order_id
        left join identity on orders.customer_key = identity.customer_key
    ),

    -- The rank counts goal orders of known customers over all brands and channels:
    -- slices do not restart it, and a cancelled first order hands its rank to the next.
    -- A user of one brand sees the same within the brand.
    ranked as (
        select
            order_id,
            order_date,
            brand,
            toUInt32(row_number() over whole_history) as order_seq,
            lagInFrame(toNullable(ordered_at)) over whole_history as previous_order_at,
            leadInFrame(toNullable(ordered_at)) over whole_history as next_order_at,
            first_value(toNullable(ordered_at)) over whole_history as first_order_at,
            lagInFrame(toNullable(order_date)) over whole_history
            as previous_order_date,
            leadInFrame(toNullable(order_date)) over whole_history as next_order_date,
            first_value(toNullable(order_date)) over whole_history as first_order_date,
            minOrNullIf(order_date, contact_point_type = 'online') over whole_history
            as first_online_date,
            minOrNullIf(order_date, contact_point_type = 'offline') over whole_history
            as first_offline_date,
            toUInt32(row_number() over brand_history) as order_seq_in_brand,
            lagInFrame(toNullable(order_date)) over brand_history
            as previous_order_date_in_brand,
            leadInFrame(toNullable(order_date)) over brand_history
            as next_order_date_in_brand,
            first_value(toNullable(order_date)) over brand_history
            as first_order_date_in_brand,
            minOrNullIf(order_date, contact_point_type = 'online') over brand_history
            as first_online_date_in_brand,
            minOrNullIf(order_date, contact_point_type = 'offline') over brand_history
            as first_offline_date_in_brand
        from resolved
        where is_goal = 1 and is_identified = 1
        window
            whole_history as (
                partition by customer_key
                order by ordered_at, order_id
                rows between unbounded preceding and unbounded following
            ),
            brand_history as (
                partition by customer_key, brand
                order by ordered_at, order_id
                rows between unbounded preceding and unbounded following
            )
    ),

    placed as (
        select
            *,
            -- By the calendar: a second order of the same day comes 0 days later.
            toFloat64(order_date - previous_order_date) as days_since_previous,
            toFloat64(
                order_date - previous_order_date_in_brand
            ) as days_since_previous_in_brand,
            if(
                isNull(first_online_date) or isNull(first_offline_date),
                null,
                greatest(first_online_date, first_offline_date)
            ) as omni_since_date,
            if(
                isNull(first_online_date_in_brand)
                or isNull(first_offline_date_in_brand),
                null,
                greatest(first_online_date_in_brand, first_offline_date_in_brand)
            ) as omni_since_date_in_brand
        from ranked
    )

select
    resolved.order_id as order_id,
    resolved.ordered_at as ordered_at,
    resolved.order_date as order_date,
    resolved.customer_key as customer_key,
    resolved.is_identified as is_identified,
    resolved.brand as brand,
    resolved.order_channel as order_channel,
    resolved.contact_point_type as contact_point_type,
    resolved.order_region as order_region,
    resolved.payment_type as payment_type,
    resolved.promotions as promotions,
    resolved.is_goal as is_goal,
    resolved.amount as amount,
    resolved.gross_amount as gross_amount,
    resolved.cancelled_amount as cancelled_amount,
    resolved.returned_amount as returned_amount,
    resolved.units as units,
    resolved.product_keys as product_keys,
    resolved.total_price as total_price,
    resolved.total_price - resolved.amount as amount_gap,
    placed.order_seq as order_seq,
    placed.previous_order_at as previous_order_at,
    placed.next_order_at as next_order_at,
    placed.first_order_at as first_order_at,
    placed.previous_order_date as previous_order_date,
    placed.next_order_date as next_order_date,
    placed.first_order_date as first_order_date,
    placed.days_since_previous as days_since_previous,
    toUInt8(
        coalesce(placed.days_since_previous, 0) > {{ setting("churn_days") | int }}
    ) as is_reactivation,
    placed.omni_since_date as omni_since_date,
    placed.order_seq_in_brand as order_seq_in_brand,
    placed.previous_order_date_in_brand as previous_order_date_in_brand,
    placed.next_order_date_in_brand as next_order_date_in_brand,
    placed.first_order_date_in_brand as first_order_date_in_brand,
    placed.days_since_previous_in_brand as days_since_previous_in_brand,
    toUInt8(
        coalesce(placed.days_since_previous_in_brand, 0)
        > {{ lifecycle_threshold("churn_days", "resolved.brand") }}
    ) as is_reactivation_in_brand,
    placed.omni_since_date_in_brand as omni_since_date_in_brand
from resolved
left join placed on resolved.order_id = placed.order_id
