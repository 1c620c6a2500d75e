"""dbt-clickhouse, unmodified: seeds, tables, views, swapped partitions, tests, a second run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

    from sandbox.clickhouse.process import ClickHouseProcess

FILES = {
    "dbt_project.yml": """
        name: probe
        version: "1.0.0"
        profile: probe
        flags: {send_anonymous_usage_stats: false}
    """,
    "profiles.yml": """
        probe:
          target: local
          outputs:
            local:
              type: clickhouse
              driver: http
              schema: staging
              host: "{{ env_var('PROBE_HOST') }}"
              port: "{{ env_var('PROBE_PORT') | as_number }}"
              user: etl
              password: "{{ env_var('PROBE_PASSWORD') }}"
              threads: 2
    """,
    "seeds/rates.csv": "id,name,amount\n1,один,1.50\n2,two,2.25\n",
    "models/events.sql": """
        {{ config(
            materialized='incremental', incremental_strategy='insert_overwrite',
            engine='MergeTree()', order_by='id', partition_by='day'
        ) }}
        select toDate('2025-01-01') + number % 3 as day, toUInt32(number) as id,
               toUInt8({{ var('generation') }}) as generation
        from numbers(30)
        {% if is_incremental() %} where number % 3 = 1 {% endif %}
    """,
    "models/latest.sql": """
        {{ config(
            materialized='incremental', incremental_strategy='delete_insert', unique_key='id',
            engine='MergeTree()', order_by='id'
        ) }}
        select toUInt32(number) as id, toUInt8({{ var('generation') }}) as generation
        from numbers({{ 10 if var('generation') == 1 else 4 }})
    """,
    "models/daily.sql": """
        {{ config(materialized='table', engine='MergeTree()', order_by='day') }}
        select day, count() as events, max(generation) as generation
        from {{ ref('events') }} group by day
    """,
    "models/named.sql": """
        {{ config(materialized='view') }}
        select r.name as name, r.amount as amount from {{ ref('rates') }} as r
    """,
    "models/models.yml": """
        models:
          - name: daily
            config: {contract: {enforced: true}}
            columns:
              - {name: day, data_type: Date, data_tests: [unique, not_null]}
              - {name: events, data_type: UInt64}
              - {name: generation, data_type: UInt8}
          - name: named
            columns:
              - {name: name, data_tests: [not_null]}
        unit_tests:
          - name: days_are_counted
            model: daily
            given:
              - input: ref('events')
                rows:
                  - {day: 2025-02-01, id: 1, generation: 1}
                  - {day: 2025-02-01, id: 2, generation: 3}
            expect:
              rows:
                - {day: 2025-02-01, events: 2, generation: 3}
    """,
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dbt")
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(dedent(content).lstrip("\n"), encoding="utf-8")
    return folder


def test_two_builds(server: ClickHouseProcess, etl: Client, project: Path) -> None:
    for generation in (1, 2):
        _build(server, project, generation)
    found = etl.query("SELECT day, events, generation FROM staging.daily ORDER BY day")
    assert [(row[1], row[2]) for row in found.result_rows] == [(10, 1), (10, 2), (10, 1)]
    latest = etl.query("SELECT generation, count() FROM staging.latest GROUP BY 1 ORDER BY 1")
    assert latest.result_rows == [(1, 6), (2, 4)]
    named = etl.query("SELECT name, amount FROM staging.named ORDER BY name")
    assert [row[0] for row in named.result_rows] == ["two", "один"]
    left = etl.query("SELECT name FROM system.tables WHERE database = 'staging' ORDER BY name")
    assert [row[0] for row in left.result_rows] == ["daily", "events", "latest", "named", "rates"]


def _build(server: ClickHouseProcess, project: Path, generation: int) -> None:
    variables = {
        "PROBE_HOST": server.host,
        "PROBE_PORT": str(server.port),
        "PROBE_PASSWORD": server.passwords["etl"],
        "DBT_PROFILES_DIR": str(project),
    }
    found = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("dbt")), "build", "--no-use-colors"),
            *("--vars", f"{{generation: {generation}}}"),
        ],
        cwd=project,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "ERROR=0 SKIP=0" in found.stdout
