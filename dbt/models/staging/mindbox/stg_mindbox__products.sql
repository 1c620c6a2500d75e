with
    products as (select * from {{ source("mindbox", "products") }}),

    latest as (
        select *
        from products
        order by product_id, _version_at desc, _extracted_at desc, _content_hash
        limit 1 by product_id
    )

select
    product_id,
    name as product_name,
    vendor,
    brand,
    category_id,
    category_name,
    category_path,
    price,
    old_price,
    cost,
    is_available,
    created_at,
    {{ project_date("created_at") }} as created_date,
    changed_at
from latest
