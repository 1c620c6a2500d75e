-- A model credits an order as a whole or not at all: in each group of channels the
-- weights
-- add up to 1, and the money to the order's amount.
select credits.order_id, credits.attribution_model, credits.channel_group
from {{ ref("int_attribution") }} as credits
inner join {{ ref("int_orders") }} as orders on credits.order_id = orders.order_id
group by credits.order_id, credits.attribution_model, credits.channel_group
having sum(credits.weight) != 1 or sum(credits.amount) != any(orders.amount)
