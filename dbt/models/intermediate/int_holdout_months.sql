{{ config(order_by=["month", "customer_key"]) }}

-- The global control group is drawn anew every month, so a customer-month is the unit.
-- Who is in it shows only on those whom some mailing meant to reach: whoever could not
-- be written to is in neither group, and transactional messages, which the control
-- group
-- gets like everybody, speak of no group. It is drawn among accounts: of two that
-- became
-- one customer later, one may have been in it and the other not.
with
    messages as (select * from {{ ref("int_message_outcomes") }}),

    mailings as (select * from {{ ref("stg_mindbox__mailings") }}),

    failure_reasons as (select * from {{ ref("message_failure_reasons") }}),

    registrations as (
        select *
        from {{ ref("int_customer_registrations") }}
        where brand = '{{ all_brands() }}'
    ),

    orders as (
        select * from {{ ref("int_orders") }} where is_goal = 1 and is_identified = 1
    ),

    horizon as (select * from {{ ref("int_horizon") }}),

    accounts as (
        select
            messages.customer_key as customer_key,
            messages.account_key as account_key,
            toStartOfMonth(messages.participation_date) as month,
            min(messages.participation_date) as account_addressed,
            max(
                messages.not_sent_reason = 'CustomerInGlobalControlGroup'
            ) as account_is_control,
            max(messages.is_delivered) as account_has_delivery
        from messages
        left join mailings on messages.mailing_id = mailings.mailing_id
        left join failure_reasons on messages.not_sent_reason = failure_reasons.reason
        where
            messages.customer_key != 0
            and mailings.mailing_type != 'transaction'
            and failure_reasons.is_ineligible = 0
        group by customer_key, account_key, month
    ),

    addressed as (
        select
            customer_key,
            month,
            min(account_addressed) as first_addressed,
            min(account_is_control) as is_control,
            toUInt8(max(account_is_control) = 0) as is_main,
            max(account_is_control * account_has_delivery) as has_delivery
        from accounts
        group by customer_key, month
    ),

    -- Whoever came within the month is counted from that day on. The last month ends
    -- with
    -- what is loaded.
    spans as (
        select
            addressed.customer_key as customer_key,
            addressed.month as month,
            addressed.is_control as is_control,
            addressed.is_main as is_main,
            addressed.has_delivery as has_delivery,
            greatest(
                addressed.month,
                least(registrations.registered_on, addressed.first_addressed)
            ) as counted_from,
            least(
                addressed.month + toIntervalMonth(1),
                assumeNotNull((select last_day from horizon)) + 1
            ) as counted_till
        from addressed
        left join registrations on addressed.customer_key = registrations.customer_key
    ),

    bought as (
        select
            spans.customer_key as customer_key,
            spans.month as month,
            toUInt32(count()) as orders,
            sum(orders.amount) as revenue
        from spans
        inner join orders on spans.customer_key = orders.customer_key
        where
            orders.order_date >= spans.counted_from
            and orders.order_date < spans.counted_till
        group by customer_key, month
    )

select
    spans.customer_key as customer_key,
    spans.month as month,
    toUInt8(spans.is_control) as is_control,
    spans.is_main as is_main,
    toUInt8(spans.is_control = 1 and spans.has_delivery = 1) as is_contaminated,
    toUInt8(spans.counted_till - spans.counted_from) as days,
    bought.orders as orders,
    toDecimal64(bought.revenue, 4) as revenue
from spans
left join
    bought on spans.customer_key = bought.customer_key and spans.month = bought.month
