{{ config(order_by=["customer_key", "reacted_at"]) }}

-- What shows that a person reads: clicks, and openings that no machine made.
with messages as (select * from {{ ref("int_messages") }} where customer_key != 0)

select customer_key, brand, told .1 as reaction, told .2 as reacted_at
from messages
array join
    arrayConcat(
        if(
            isNotNull(opened_at) and is_machine_open = 0,
            [('open', assumeNotNull(opened_at))],
            []
        ),
        arrayDistinct(arrayMap(click -> ('click', click.clicked_at), clicks))
    ) as told
