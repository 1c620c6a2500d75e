-- A window of actions replaces the days they were created on, so an action can only
-- repeat inside its own day.
select *
from
    {{ source("mindbox", "customer_actions") }} final
    settings do_not_merge_across_partitions_select_final = 1
