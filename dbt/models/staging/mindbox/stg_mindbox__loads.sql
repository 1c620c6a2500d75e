-- A load that failed changed nothing, so it says nothing about what is there.
with loads as (select * from {{ source("mindbox", "loads") }} where status = 'ok')

select
    load_id,
    dataset,
    window_start,
    window_end,
    started_at,
    finished_at,
    rows as loaded_rows
from loads
