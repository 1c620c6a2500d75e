{{ config(order_by="product_key") }}

with
    catalogue as (select * from {{ ref("stg_mindbox__products") }}),

    orders as (select * from {{ ref("stg_mindbox__orders") }}),

    lines as (select * from {{ ref("int_order_lines") }} where is_delivery = 0),

    horizon as (select * from {{ ref("int_horizon") }}),

    -- A product that the catalogue does not hold is called, and priced, as in its
    -- latest order.
    sold as (
        select
            lines.product_id as product_id,
            argMax(
                (lines.product_name, lines.base_price),
                (orders.ordered_at, lines.order_id, lines.line_position)
            ) as latest,
            min(orders.order_date) as first_order_date,
            max(orders.order_date) as last_order_date,
            sumIf(
                lines.line_amount,
                orders.order_date > (select last_day from horizon) - 365
            ) as year_revenue
        from lines
        inner join orders on lines.order_id = orders.order_id
        where lines.product_id != ''
        group by lines.product_id
    ),

    -- The best sellers before which less than 80 % of all money lies are A, those
    -- before
    -- which less than 95 % does are B.
    ranked as (
        select
            product_id,
            sum(year_revenue) over best_first - year_revenue as revenue_before,
            (select sum(year_revenue) from sold) as revenue
        from sold
        where year_revenue > 0
        window
            best_first as (
                order by year_revenue desc, product_id
                rows between unbounded preceding and current row
            )
    ),

    classes as (
        select
            product_id,
            multiIf(
                revenue_before < revenue * 0.8,
                'A',
                revenue_before < revenue * 0.95,
                'B',
                'C'
            ) as abc_class
        from ranked
    ),

    known as (
        select
            if(
                catalogue.product_id != '', catalogue.product_id, sold.product_id
            ) as product_id,
            if(
                catalogue.product_name != '', catalogue.product_name, sold.latest .1
            ) as product_name,
            catalogue.category_name as category,
            splitByChar('/', toString(catalogue.category_path)) as category_path,
            catalogue.vendor as vendor,
            coalesce(
                catalogue.price, if(sold.product_id != '', sold.latest .2, null)
            ) as price,
            if(sold.product_id != '', sold.first_order_date, null) as first_order_date,
            if(sold.product_id != '', sold.last_order_date, null) as last_order_date
        from catalogue
        full outer join sold on catalogue.product_id = sold.product_id
    )

select
    known.product_id as product_key,
    {{ open_label("known.product_name") }} as product,
    {{ open_label("known.category") }} as category,
    {{ open_label("known.category_path[1]") }} as category_level_1,
    {{ open_label("known.category_path[2]") }} as category_level_2,
    {{ open_label("known.category_path[3]") }} as category_level_3,
    {{ open_label("known.vendor") }} as product_brand,
    {{
        slice_label(
            "price_band",
            "if(isNull(known.price), '', "
            ~ amount_band("price_band", "assumeNotNull(known.price)")
            ~ ")",
        )
    }} as price_band,
    {{
        slice_label(
            "abc_class", "if(classes.abc_class= '', 'C', classes.abc_class)"
        )
    }} as abc_class,
    known.price as price,
    known.first_order_date as first_order_date,
    known.last_order_date as last_order_date
from known
left join classes on known.product_id = classes.product_id
