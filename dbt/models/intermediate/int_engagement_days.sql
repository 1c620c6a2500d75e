{%- set weights = setting("engagement_weights") -%}
{%- set engaging = ["click", "further_click", "order", "site_visit", "app_launch"] -%}
{{ config(order_by=["brand", "customer_key", "deed_date"]) }}

-- Days on which a customer does something of interest, over all brands and in each.
with
    touches as (
        select *
        from {{ ref("int_message_touches") }}
        where touch_kind = 'click' and customer_key != 0
    ),

    orders as (
        select * from {{ ref("int_orders") }} where is_goal = 1 and is_identified = 1
    ),

    -- Of a cart sent as a list no action says what was added to it.
    cart_additions as (
        select *
        from {{ ref("int_cart_changes") }}
        where is_added = 1 and customer_key != 0
    ),

    actions as (
        select *
        from {{ ref("stg_mindbox__customer_actions") }}
        where
            customer_key != 0
            and action_kind != 'cart_add'
            and action_kind in {{ string_array(engaging + weights.keys() | list) }}
    ),

    identity as (select * from {{ ref("int_customer_identity") }}),

    horizon as (select * from {{ ref("int_horizon") }}),

    clicks as (
        select
            customer_key,
            brand,
            {{ project_date("touch_at") }} as deed_date,
            -- A message earns points once, by the first click that no bot made.
            if(
                is_bot = 0
                and row_number() over (
                    partition by message_id, is_bot order by touch_at
                )
                = 1,
                'click',
                'further_click'
            ) as deed
        from touches
    ),

    deeds as (
        select customer_key, brand, deed_date, deed
        from clicks
        union all
        select customer_key, brand, order_date as deed_date, 'order' as deed
        from orders
        union all
        select
            customer_key,
            brand,
            {{ project_date("changed_at") }} as deed_date,
            'cart_add' as deed
        from cart_additions
        union all
        select
            {{ merged_customer("actions.customer_key", "identity") }} as customer_key,
            actions.brand as brand,
            actions.action_date as deed_date,
            toString(actions.action_kind) as deed
        from actions
        left join identity on actions.customer_key = identity.customer_key
    ),

    days as (
        select
            customer_key,
            toLowCardinality(
                arrayJoin([{{ open_label("deeds.brand") }}, '{{ all_brands() }}'])
            ) as brand,
            deed_date,
            toUInt8(max(deed in {{ string_array(engaging) }})) as is_engaging,
            sum(
                transform(
                    deed,
                    {{ string_array(weights.keys()) }},
                    cast({{ string_array(weights.values()) }}, 'Array(Decimal(9, 2))'),
                    toDecimal32(0, 2)
                )
            ) as points
        from deeds
        where deed_date <= (select last_day from horizon)
        group by customer_key, brand, deed_date
    )

select customer_key, brand, deed_date, is_engaging, toDecimal32(points, 2) as points
from days
where is_engaging = 1 or points > 0
