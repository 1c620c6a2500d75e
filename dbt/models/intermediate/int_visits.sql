{%- set kinds = setting("action_templates").values() | map(attribute="kind") | list -%}
{#- A step that the project's site does not report is left out of the funnel in order. -#}
{%- set steps = [("visit", "begins_visit = 1")] -%}
{%- if "category_view" in kinds -%}
    {%- do steps.append(("category", "step = 'category_view'")) -%}
{%- endif -%}
{%- if "product_view" in kinds -%}
    {%- do steps.append(("product", "step = 'product_view'")) -%}
{%- endif -%}
{%- if "cart_add" in kinds or "cart_set" in kinds -%}
    {%- do steps.append(("cart", "step = 'cart'")) -%}
{%- endif -%}
{%- if "checkout_start" in kinds -%}
    {%- do steps.append(("checkout", "step = 'checkout_start'")) -%}
{%- endif -%}
{%- do steps.append(("order", "step = 'order'")) -%}
{{ config(order_by=["customer_key", "started_at", "session_key"]) }}

with
    actions as (select * from {{ ref("int_site_actions") }}),

    arrivals as (select * from {{ ref("int_arrivals") }}),

    cart_changes as (select * from {{ ref("int_cart_changes") }}),

    orders as (
        select *
        from {{ ref("int_visit_orders") }}
        where is_goal = 1 and session_key != ''
    ),

    goal_orders as (select * from {{ ref("int_orders") }} where is_goal = 1),

    product_views as (select * from {{ ref("int_product_views") }}),

    messages as (
        select message_id, mailing_channel, mailing_variant, mailing_source
        from {{ ref("int_messages") }}
        where message_id in (select message_id from arrivals)
    ),

    mailings as (
        select mailing_id, mailing_channel from {{ ref("stg_mindbox__mailings") }}
    ),

    -- Of the last day only a part may be loaded; up to its beginning it is known what
    -- became of a cart.
    horizon as (
        select {{ project_day_start("last_day") }} as known_till
        from {{ ref("int_horizon") }}
    ),

    visits as (
        select
            session_key,
            customer_key,
            brand,
            platform,
            min(happened_at) as started_at,
            max(happened_at) as ended_at,
            argMinIf(action_id, (happened_at, action_id), is_arrival = 1) as arrival_id
        from actions
        group by session_key, customer_key, brand, platform
    ),

    numbered as (
        select
            *,
            row_number() over (
                partition by customer_key order by started_at, session_key
            ) as number_of_visitor,
            row_number() over (
                partition by customer_key, brand order by started_at, session_key
            ) as number_in_brand
        from visits
    ),

    steps as (
        select session_key, happened_at, begins_visit, toString(action_kind) as step
        from actions
        union all
        select session_key, changed_at as happened_at, 0 as begins_visit, 'cart' as step
        from cart_changes
        where is_added = 1
        union all
        select
            session_key, ordered_at as happened_at, 0 as begins_visit, 'order' as step
        from orders
    ),

    walked as (
        select
            session_key,
            countIf(step = 'category_view') > 0 as with_category,
            countIf(step = 'product_view') > 0 as with_product,
            countIf(step = 'cart') > 0 as with_cart,
            countIf(step = 'checkout_start') > 0 as with_checkout,
            windowFunnel(1000000000000000)
            (
                toUInt64(toUnixTimestamp64Milli(happened_at)),
                {% for _, condition in steps %}
                    {{ condition }}{% if not loop.last %},{% endif %}
                {% endfor %}
            ) as steps_in_order
        from steps
        group by session_key
    ),

    ordered as (
        select
            session_key,
            count() as orders,
            sum(amount) as order_amount,
            argMin(order_seq, (ordered_at, order_id)) as order_seq,
            argMin(order_seq_in_brand, (ordered_at, order_id)) as order_seq_in_brand
        from orders
        group by session_key
    ),

    looked as (
        select
            session_key, max(is_mature) as has_mature_view, max(is_bought) as is_bought
        from product_views
        group by session_key
    ),

    carts as (
        select
            session_key,
            customer_key,
            brand,
            maxIf(changed_at, is_added = 1) as last_added_at,
            argMax((cart_number, cart_amount), change_number) as left_with
        from cart_changes
        where session_key != ''
        group by session_key, customer_key, brand
        having countIf(is_added = 1) > 0
    ),

    bought as (
        select
            carts.session_key as session_key,
            carts.customer_key as customer_key,
            carts.brand as brand,
            carts.left_with as left_with,
            goal_orders.order_id as order_id,
            goal_orders.ordered_at as ordered_at
        from carts
        asof left join
            goal_orders
            on carts.customer_key = goal_orders.customer_key
            and carts.brand = goal_orders.brand
            and carts.last_added_at <= goal_orders.ordered_at
    ),

    judged as (
        select
            bought.session_key as session_key,
            bought.customer_key as customer_key,
            bought.brand as brand,
            bought.left_with as left_with,
            visits.ended_at as ended_at,
            visits.ended_at + toIntervalHour(24) as judged_at,
            toUInt8(
                judged_at <= coalesce((select known_till from horizon), visits.ended_at)
            ) as is_mature,
            toUInt8(
                is_mature = 1
                and (bought.order_id = '' or bought.ordered_at > judged_at)
            ) as is_abandoned
        from bought
        inner join visits on bought.session_key = visits.session_key
    ),

    -- A cart left in several visits is worth its money once: in the last of them.
    valued as (
        select
            session_key,
            is_mature,
            is_abandoned,
            row_number() over (
                partition by customer_key, brand, is_abandoned, left_with .1
                order by ended_at desc, session_key desc
            ) as number_from_last,
            if(
                is_abandoned = 1 and number_from_last = 1,
                left_with .2,
                toDecimal64(0, 4)
            ) as abandoned_amount
        from judged
    )

select
    numbered.session_key as session_key,
    numbered.customer_key as customer_key,
    numbered.brand as brand,
    numbered.started_at as started_at,
    numbered.ended_at as ended_at,
    {{ project_date("numbered.started_at") }} as visit_date,
    numbered.platform as platform,
    arrivals.visit_source as traffic_source,
    arrivals.utm_source as visit_utm_source,
    arrivals.utm_medium as visit_utm_medium,
    arrivals.utm_campaign as visit_utm_campaign,
    arrivals.utm_content as visit_utm_content,
    arrivals.utm_term as visit_utm_term,
    arrivals.mailing_id as mailing_id,
    arrivals.message_id as message_id,
    -- A mark names the mailing; its message, and with it the variant and what sent
    -- it, is
    -- known of a click alone.
    if(
        arrivals.message_id = '', mailings.mailing_channel, messages.mailing_channel
    ) as mailing_channel,
    messages.mailing_variant as mailing_variant,
    messages.mailing_source as mailing_source,
    toUInt32(ordered.order_seq) as order_seq,
    toUInt32(ordered.order_seq_in_brand) as order_seq_in_brand,
    toUInt8(1) as is_visit,
    toUInt8(numbered.customer_key != 0) as visit_is_identified,
    toUInt8(
        numbered.customer_key != 0 and numbered.number_of_visitor = 1
    ) as visit_is_first,
    toUInt8(
        numbered.customer_key != 0 and numbered.number_in_brand = 1
    ) as visit_is_first_in_brand,
    arrivals.is_mailing as visit_is_mailing,
    toUInt8(walked.with_category) as visit_with_category,
    toUInt8(walked.with_product) as visit_with_product,
    toUInt8(walked.with_cart) as visit_with_cart,
    toUInt8(walked.with_checkout) as visit_with_checkout,
    toUInt8(ordered.orders > 0) as visit_with_order,
    toUInt8(
        visit_with_category and visit_with_product
    ) as visit_with_category_and_product,
    toUInt8(visit_with_product and visit_with_cart) as visit_with_product_and_cart,
    toUInt8(visit_with_cart and visit_with_checkout) as visit_with_cart_and_checkout,
    toUInt8(visit_with_cart and visit_with_order) as visit_with_cart_and_order,
    toUInt8(visit_with_checkout and visit_with_order) as visit_with_checkout_and_order,
    {% for step in ["category", "product", "cart", "checkout", "order"] %}
        {%- set reached = namespace(at=none) -%}
        {%- for name, _ in steps if name == step -%}
            {%- set reached.at = steps.index((name, _)) + 1 -%}
        {%- endfor -%}
        toUInt8(
            {% if reached.at is none %}0
            {% else %}walked.steps_in_order >= {{ reached.at }}
            {% endif %}
        ) as visit_reached_{{ step }},
    {% endfor %}
    toDecimal64(ordered.order_amount, 4) as visit_order_amount,
    looked.has_mature_view as visit_view_mature,
    looked.is_bought as visit_view_bought,
    valued.is_mature as visit_cart_mature,
    valued.is_abandoned as visit_cart_abandoned,
    valued.abandoned_amount as abandoned_cart_amount
from numbered
inner join walked on numbered.session_key = walked.session_key
left join arrivals on numbered.arrival_id = arrivals.action_id
left join ordered on numbered.session_key = ordered.session_key
left join looked on numbered.session_key = looked.session_key
left join valued on numbered.session_key = valued.session_key
left join messages on arrivals.message_id = messages.message_id
left join mailings on arrivals.mailing_id = mailings.mailing_id
