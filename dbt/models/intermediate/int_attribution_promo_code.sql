{{ config(materialized="view") }}

-- An order paid for with a code goes to the last delivered message, of those that give
-- such codes out, that the customer had from the order's brand: for tills, where nobody
-- clicks. A code is its own proof, so there is no window.
{% set codes = setting("attribution_promo_codes") %}
with
    orders as (
        select order_id, customer_key, brand, ordered_at
        from {{ ref("int_orders") }}
        where is_goal = 1 and is_identified = 1
    ),

    applied_promotions as (select * from {{ ref("stg_mindbox__order_promotions") }}),

    mailings as (select * from {{ ref("stg_mindbox__mailings") }}),

    messages as (
        select *
        from {{ ref("int_messages") }}
        where is_delivered = 1 and customer_key != 0
    ),

    -- A code that the order itself gave out is for the next one.
    used_codes as (
        select distinct order_id, coupon_code
        from applied_promotions
        where coupon_code != '' and promotion_type != 'issuedCoupon'
    ),

    givers as (
        select mailing_id, code_prefix
        from mailings
        array join
            arrayFilter(
                (prefix, names) -> has(names, mailings.system_name),
                {{ string_array(codes.keys()) }},
                cast(
                    [
                        {% for names in codes.values() %}
                            {{ string_array(names) }}{% if not loop.last %},{% endif %}
                        {% endfor %}
                    ],
                    'Array(Array(String))'
                )
            ) as code_prefix
        where
            not has(
                {{ string_array(setting("attribution_excluded_mailing_types")) }},
                mailing_type
            )
            and not has(
                {{ string_array(setting("attribution_excluded_mailings")) }}, mailing_id
            )
    ),

    given as (
        select
            messages.message_id as message_id,
            messages.customer_key as customer_key,
            messages.brand as brand,
            assumeNotNull(messages.sent_at) as touch_at,
            givers.code_prefix as code_prefix
        from messages
        inner join givers on messages.mailing_id = givers.mailing_id
    ),

    redeemed as (
        select
            orders.order_id as order_id,
            given.message_id as message_id,
            given.touch_at as touch_at
        from orders
        inner join used_codes on orders.order_id = used_codes.order_id
        inner join
            given
            on orders.customer_key = given.customer_key
            and orders.brand = given.brand
        where
            startsWith(used_codes.coupon_code, given.code_prefix)
            and given.touch_at <= orders.ordered_at
    ),

    picked as (
        select order_id, argMax((message_id, touch_at), {{ touch_order() }}) as touch
        from redeemed
        group by order_id
    )

    {{ credits_of_one_touch("promo_code", "picked") }}
