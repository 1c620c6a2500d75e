{{ config(order_by=["customer_key", "brand", "touch_at"]) }}

-- What may earn a mailing an order: clicks, and deliveries of SMS, which many projects
-- send without tracked links. Which of them counts is the attribution model's business.
-- Two clicks of one instant are one touch.
with messages as (select * from {{ ref("int_messages") }} where customer_key != 0)

select
    message_id,
    touch .1 as touch_kind,
    touch .2 as touch_at,
    touch .3 as is_bot,
    customer_key,
    brand,
    mailing_id,
    mailing_channel,
    mailing_type
from messages
array join
    arrayConcat(
        arrayDistinct(
            arrayMap(click -> ('click', click.clicked_at, click.is_bot), clicks)
        ),
        if(
            mailing_channel = 'sms' and is_delivered = 1,
            [('delivery', assumeNotNull(sent_at), toUInt8(0))],
            []
        )
    ) as touch
