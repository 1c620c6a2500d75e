{{ config(materialized="view") }}

-- The last click that its channel's own window still holds; a channel without one has
-- the window of all.
{% set windows = setting("attribution_channel_windows_days") %}
with
    messages as (select message_id, mailing_channel from {{ ref("int_messages") }}),

    touches as (
        select touches.*
        from {{ ref("int_attribution_touches") }} as touches
        inner join messages on touches.message_id = messages.message_id
        where
            touches.touch_kind = 'touch'
            and {{
                touched_within(
                    "transform(messages.mailing_channel, "
                    ~ string_array(windows.keys())
                    ~ ", cast("
                    ~ (windows.values() | map("int") | list)
                    ~ ", 'Array(Int64)'), "
                    ~ setting("attribution_window_days")
                    ~ ")"
                )
            }}
    ),

    picked as (
        select order_id, argMax((message_id, touch_at), {{ touch_order() }}) as touch
        from touches
        group by order_id
    )

    {{ credits_of_one_touch("last_click_per_channel", "picked") }}
