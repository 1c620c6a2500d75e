# ruff: noqa: S608 (statements are put together from the constants of this file)
"""What the reading user may do, tried from the outside.

Each attack is sent as it is, as a subquery's neighbour and with comments between its words; none
may bring back the secret, change anything, or tell what other databases hold.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clickhouse_connect.driver.client import Client

    from sandbox.clickhouse.process import ClickHouseProcess
    from tests.contract.clickhouse.conftest import Http

SECRET = "SECRET-7f3a"
DENIED, READONLY = "497", "164"


@pytest.fixture(scope="module", autouse=True)
def world(etl: Client) -> Iterator[None]:
    statements = [
        "CREATE TABLE raw.secret (id UInt64, s String) ENGINE = MergeTree ORDER BY id",
        f"INSERT INTO raw.secret VALUES (1, '{SECRET}')",
        "CREATE TABLE marts.open (id UInt64, s String) ENGINE = MergeTree ORDER BY id",
        "INSERT INTO marts.open VALUES (1, 'open')",
        "CREATE VIEW marts.over_raw AS SELECT * FROM raw.secret",
        "CREATE VIEW marts.over_marts AS SELECT * FROM marts.open",
        "CREATE TABLE raw.joined (id UInt64, s String) ENGINE = Join(ANY, LEFT, id)",
        f"INSERT INTO raw.joined VALUES (1, '{SECRET}')",
        "CREATE TABLE raw.ids (id UInt64) ENGINE = Set",
        "CREATE TABLE marts.merged (id UInt64, s String) ENGINE = Merge('raw', '^secret$')",
        (
            "CREATE DICTIONARY raw.dictionary (id UInt64, s String) PRIMARY KEY id "
            "SOURCE(CLICKHOUSE(QUERY 'SELECT id, s FROM raw.secret')) LAYOUT(FLAT()) LIFETIME(0)"
        ),
        "CREATE FUNCTION leak AS (x) -> (SELECT any(s) FROM raw.secret)",
    ]
    for statement in statements:
        etl.command(statement)
    yield
    etl.command("DROP FUNCTION leak")
    etl.command("DROP DICTIONARY raw.dictionary")
    for name in ["raw.secret", "raw.joined", "raw.ids", "marts.merged", "marts.open"]:
        etl.command(f"DROP TABLE {name}")
    for name in ["marts.over_raw", "marts.over_marts"]:
        etl.command(f"DROP VIEW {name}")


READS = [
    "SELECT * FROM raw.secret",
    "SELECT count() FROM raw.secret",
    "SELECT * FROM `raw`.`secret`",
    'SELECT * FROM "raw"."secret"',
    "SELECT * FROM `r\\x61w`.secret",
    "SELECT * FROM raw.secret AS open",
    "SELECT s FROM marts.open UNION ALL SELECT s FROM raw.secret",
    "SELECT s FROM raw.secret INTERSECT SELECT s FROM raw.secret",
    "SELECT 1 WHERE 1 IN (SELECT id FROM raw.secret)",
    "SELECT 1 WHERE 1 GLOBAL IN (SELECT id FROM raw.secret)",
    "SELECT 1 WHERE 1 IN raw.ids",
    "SELECT (SELECT any(s) FROM raw.secret)",
    "SELECT if(1, (SELECT any(s) FROM raw.secret), '')",
    "SELECT EXISTS(SELECT 1 FROM raw.secret)",
    "WITH x AS (SELECT * FROM raw.secret) SELECT * FROM x",
    "WITH (SELECT any(s) FROM raw.secret) AS x SELECT x",
    "WITH RECURSIVE x AS (SELECT s FROM raw.secret UNION ALL SELECT s FROM x) SELECT * FROM x",
    "SELECT * FROM marts.open AS o JOIN raw.secret AS r ON o.id = r.id",
    "SELECT * FROM marts.open, raw.secret",
    "SELECT * FROM (SELECT * FROM (SELECT * FROM raw.secret))",
    "SELECT throwIf((SELECT any(s) FROM raw.secret) LIKE 'S%')",
    "SELECT * FROM marts.over_raw",
    "SELECT leak(1)",
    "SELECT dictGet('raw.dictionary', 's', toUInt64(1))",
    "SELECT dictGetOrDefault('raw.dictionary', 's', toUInt64(1), '')",
    "SELECT dictHas('raw.dictionary', toUInt64(1))",
    "SELECT * FROM dictionary('raw.dictionary')",
    "SELECT * FROM raw.dictionary",
    "SELECT joinGet('raw.joined', 's', toUInt64(1))",
    "SELECT joinGetOrNull('raw.joined', 's', toUInt64(1))",
    "SELECT * FROM {d:Identifier}.{t:Identifier}",
    "SELECT * FROM raw.secret SETTINGS max_threads = 1",
    "FROM raw.secret SELECT *",
    "(SELECT * FROM raw.secret)",
    "SELECT * FROM raw.secret FINAL",
    "SELECT * FROM raw.secret SAMPLE 1",
    "SELECT COLUMNS('.*') FROM raw.secret",
]
TABLE_FUNCTIONS = [
    "SELECT * FROM merge('raw', '.*')",
    "SELECT * FROM merge(REGEXP('raw'), '.*')",
    "SELECT * FROM MERGE('raw', 'secret')",
    "SELECT * FROM view(SELECT * FROM raw.secret)",
    "SELECT * FROM viewIfPermitted(SELECT s FROM raw.secret ELSE null('s String'))",
    "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT * FROM raw.secret))",
    "SELECT * FROM loop(raw.secret)",
    (
        "SELECT * FROM eval('SELECT * FROM raw.secret') "
        "SETTINGS allow_experimental_eval_table_function = 1"
    ),
    "SELECT * FROM mergeTreeIndex(raw, secret)",
    "SELECT * FROM mergeTreeIndex(raw, secret, with_marks = 1)",
    "SELECT * FROM mergeTreeProjection(raw, secret, p)",
    "SELECT * FROM mergeTreeAnalyzeIndexes(raw, secret)",
    "SELECT * FROM remote('127.0.0.1', raw.secret)",
    "SELECT * FROM remoteSecure('127.0.0.1', raw.secret)",
    "SELECT * FROM cluster('default', raw.secret)",
    "SELECT * FROM clusterAllReplicas('default', raw.secret)",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM `/etc/passwd`",
    "SELECT * FROM default.`/etc/passwd`",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    "SELECT * FROM s3('http://127.0.0.1:1/b/k', 'LineAsString')",
    "SELECT * FROM executable('id', 'LineAsString', 's String')",
    "SELECT * FROM python('x')",
    "SELECT * FROM Python(x)",
    "SELECT * FROM sqlite('/tmp/x.db', 't')",
    "SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')",
    "SELECT * FROM mongodb('127.0.0.1:1', 'd', 't', 'u', 'p', 'a Int')",
    "SELECT * FROM redis('127.0.0.1:1', 'k', 'k String')",
    "SELECT * FROM odbc('DSN=x', 't')",
    "SELECT * FROM hdfs('hdfs://127.0.0.1:1/x', 'TSV', 'a Int')",
    "SELECT * FROM deltaLakeLocal('/tmp')",
    "SELECT * FROM icebergLocal('/tmp')",
    "SELECT * FROM filesystem('/etc')",
    "SELECT * FROM format(LineAsString, 'x')",
    "SELECT * FROM fuzzQuery('SELECT 1', 500, 1)",
    "SELECT * FROM input('a Int')",
    "SELECT * FROM prometheusQuery('raw', 't', 'up')",
    "SELECT * FROM timeSeriesData('raw', 't')",
    "SELECT 1 IN (SELECT s FROM merge('raw', 'secret'))",
    "SELECT * FROM numbers(1), merge/* */('raw', 'secret')",
    "SELECT * FROM numbers(1) JOIN `merge`('raw', 'secret') AS m ON 1 = 1",
    "DESCRIBE merge('raw', '.*')",
    "DESCRIBE file('/etc/passwd')",
    "EXPLAIN SELECT * FROM merge('raw', '.*')",
]
FUNCTIONS = [
    "SELECT file('/etc/passwd')",
    "SELECT FILE('/etc/passwd')",
    "SELECT `file`('/etc/passwd')",
    "SELECT \"fi\\x6ce\"('/etc/passwd')",
    "SELECT file/* */('/etc/passwd')",
    "SELECT arrayMap(x -> file(x), ['/etc/passwd'])",
    "SELECT * APPLY(file) FROM (SELECT '/etc/passwd')",
    "SELECT * APPLY file FROM (SELECT '/etc/passwd')",
    "DESCRIBE (SELECT throwIf(file('/etc/passwd') LIKE 'root%'))",
    "SELECT hasColumnInTable('raw', 'secret', 's')",
    "SELECT addressToLine(1) SETTINGS allow_introspection_functions = 1",
    "SELECT demangle('x') SETTINGS allow_introspection_functions = 1",
    "SELECT aiGenerate('x', 'y')",
]
LOOKS = [
    "DESCRIBE raw.secret",
    "DESC TABLE raw.secret",
    "DESCRIBE (SELECT * FROM raw.secret)",
    "SHOW CREATE TABLE raw.secret",
    "SHOW CREATE raw.dictionary",
    "SHOW CREATE DATABASE raw",
    "EXISTS raw.secret",
    "EXISTS TABLE raw.secret",
    "EXPLAIN SELECT * FROM raw.secret",
    "EXPLAIN PLAN SELECT * FROM raw.secret",
    "EXPLAIN PIPELINE SELECT * FROM raw.secret",
    "EXPLAIN ESTIMATE SELECT * FROM raw.secret",
    "EXPLAIN QUERY TREE SELECT * FROM raw.secret",
    "EXPLAIN indexes = 1 SELECT * FROM raw.secret",
    "SELECT * FROM system.processes",
    "SELECT * FROM `system`.`processes`",
    "SELECT * FROM `sys\\x74em`.processes",
    "SELECT * FROM system . processes",
    "SELECT * FROM system./* */processes",
    "SELECT query FROM processes SETTINGS database = 'system'",
    "SELECT query FROM processes SETTINGS `database` = 'system'",
    "SELECT 1 IN system.processes",
    "SELECT * FROM system.parts",
    "SELECT * FROM system.query_log",
    "SELECT * FROM system.user_query_log",
    "SELECT * FROM system.users",
    "SELECT * FROM system.roles",
    "SELECT * FROM system.grants",
    "SELECT * FROM system.disks",
    "SELECT * FROM system.errors",
    "SELECT * FROM system.stack_trace",
    "SELECT * FROM system.dictionaries",
    "SELECT * FROM system.named_collections",
    "SELECT * FROM system.server_settings",
    "SELECT * FROM system.zookeeper WHERE path = '/'",
    "USE raw",
    "USE system",
    "SHOW PROCESSLIST",
    "SHOW USERS",
    "SHOW ACCESS",
    "SHOW CREATE USER default",
]
CHANGES = [
    "INSERT INTO marts.open VALUES (2, 'x')",
    "INSERT INTO marts.open SELECT 2, 'x'",
    "WITH x AS (SELECT 2 AS id) INSERT INTO marts.open SELECT id, 'x' FROM x",
    "INSERT INTO FUNCTION file('/tmp/reader.csv', 'CSV', 'a Int') VALUES (1)",
    "INSERT INTO FUNCTION remote('127.0.0.1', raw.secret) VALUES (1, '')",
    "CREATE TABLE marts.x (a Int) ENGINE = Memory",
    "CREATE TABLE x ENGINE = Memory AS SELECT * FROM raw.secret",
    "CREATE TEMPORARY TABLE x (a Int)",
    "CREATE TEMPORARY TABLE x AS SELECT * FROM raw.secret",
    "CREATE VIEW marts.x AS SELECT 1",
    "CREATE VIEW marts.x SQL SECURITY NONE AS SELECT * FROM raw.secret",
    "CREATE MATERIALIZED VIEW marts.x ENGINE = Memory AS SELECT * FROM raw.secret",
    "CREATE FUNCTION f AS x -> x",
    "CREATE DATABASE x",
    "CREATE USER x",
    "CREATE ROLE x",
    "CREATE NAMED COLLECTION x AS a = 1",
    (
        "CREATE DICTIONARY marts.x (id UInt64) PRIMARY KEY id "
        "SOURCE(CLICKHOUSE(TABLE 'secret' DB 'raw')) LAYOUT(FLAT()) LIFETIME(0)"
    ),
    "ALTER TABLE marts.open ADD COLUMN c Int",
    "ALTER TABLE marts.open DELETE WHERE 1",
    "ALTER TABLE marts.open UPDATE s = '' WHERE 1",
    "ALTER USER default SETTINGS readonly = 0",
    "DELETE FROM marts.open WHERE 1",
    "UPDATE marts.open SET s = '' WHERE 1",
    "TRUNCATE TABLE marts.open",
    "DROP TABLE marts.open",
    "DROP DATABASE marts",
    "RENAME TABLE marts.open TO marts.shut",
    "EXCHANGE TABLES marts.open AND raw.secret",
    "DETACH TABLE marts.open",
    "ATTACH TABLE marts.gone",
    "OPTIMIZE TABLE marts.open",
    "CHECK TABLE raw.secret",
    "BACKUP TABLE raw.secret TO Disk('default', 'x')",
    "RESTORE TABLE raw.secret FROM Disk('default', 'x')",
    "SYSTEM FLUSH LOGS",
    "SYSTEM SHUTDOWN",
    "SYSTEM RELOAD DICTIONARIES",
    "KILL QUERY WHERE 1",
    "KILL MUTATION WHERE 1",
    "GRANT SELECT ON raw.* TO default",
    "GRANT etl TO superset",
    "REVOKE ALL ON *.* FROM default",
    "SET ROLE etl",
    "SET ROLE DEFAULT",
    "SET ROLE ALL",
    "SET /* */ ROLE NONE",
    "SET DEFAULT ROLE etl TO default",
    "EXECUTE AS default SELECT * FROM raw.secret",
    "SELECT 1 PARALLEL WITH SELECT * FROM raw.secret",
    "BEGIN TRANSACTION",
    "SET readonly = 0",
    "SELECT 1 SETTINGS readonly = 0",
    "SET profile = 'default', readonly = 0",
    "SET dialect = 'kusto'",
    "SELECT 1; SELECT * FROM raw.secret",
    "SELECT 1;\n-- x\n;SET ROLE etl",
    "SELECT s FROM marts.open INTO OUTFILE '/tmp/reader.out'",
    "SELECT s FROM marts.open INTO/**/OUTFILE '/tmp/reader.out' APPEND",
]


@pytest.mark.parametrize("attack", READS + TABLE_FUNCTIONS + FUNCTIONS + LOOKS + CHANGES)
@pytest.mark.parametrize("disguise", ["plain", "comments", "capitals"])
def test_the_reader_is_refused(http: Http, attack: str, disguise: str) -> None:
    answer = http(DISGUISES[disguise](attack), user="superset", param_d="raw", param_t="secret")
    assert SECRET not in answer.text
    assert "root:" not in answer.text
    assert not answer.ok, answer.text


DISGUISES = {
    "plain": lambda text: text,
    "comments": lambda text: "/* SELECT */ -- x\n" + text.replace(" ", " /* ' */ "),
    "capitals": lambda text: re.sub(
        r"\b(select|from|describe|explain|show|insert|create|set|kill|use)\b",
        lambda word: word[0].swapcase(),
        text,
        flags=re.IGNORECASE,
    ),
}


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("SELECT * FROM raw.secret", DENIED),
        ("SELECT * FROM merge('raw', 'secret')", DENIED),
        ("SELECT * FROM file('/etc/passwd', 'LineAsString')", DENIED),
        ("SELECT file('/etc/passwd')", DENIED),
        ("SELECT * FROM system.processes", DENIED),
        ("CREATE TABLE marts.x (a Int) ENGINE = Memory", DENIED),
        ("INSERT INTO marts.open VALUES (2, 'x')", DENIED),
        ("KILL QUERY WHERE 1", DENIED),
        ("SET readonly = 0", READONLY),
        ("SELECT 1 SETTINGS readonly = 0", READONLY),
    ],
)
def test_a_refusal_is_clickhouses(http: Http, statement: str, code: str) -> None:
    answer = http(statement, user="superset")
    assert answer.headers["X-ClickHouse-Exception-Code"] == code
    if code == DENIED:
        assert answer.status_code == 403
        assert answer.text.startswith(
            "Code: 497. DB::Exception: superset: Not enough privileges. To execute this query, "
            "it's necessary to have the grant "
        )


@pytest.mark.parametrize(
    "parameters",
    [
        {"database": "raw"},
        {"database": "system"},
        {"role": "etl"},
        {"readonly": "0"},
        {"dialect": "kusto"},
        {"profile": "default", "readonly": "0"},
        {"param_d": "system", "param_t": "processes"},
        {"param_d": "s\\x79stem", "param_t": "processes"},
        {"param_d": "raw", "param_t": "secret"},
    ],
)
def test_parameters_open_nothing(http: Http, parameters: dict[str, str]) -> None:
    for statement in [
        "SELECT * FROM secret",
        "SELECT query FROM processes",
        "SELECT * FROM {d:Identifier}.{t:Identifier}",
        "SELECT * FROM {d : Identifier} . {t:Identifier}",
    ]:
        answer = http(statement, user="superset", **parameters)
        assert not answer.ok, answer.text
        assert SECRET not in answer.text


def test_a_session_opens_nothing(http: Http) -> None:
    session = {"user": "superset", "session_id": "attack"}
    assert http("SET max_threads = 2", **session).ok
    for attempt in ["SET ROLE etl", "SET readonly = 0", "SET database = 'system'", "USE system"]:
        assert not http(attempt, **session).ok
    assert not http("SELECT query FROM processes", **session).ok
    assert not http("SELECT * FROM raw.secret", **session).ok
    assert http("SELECT s FROM marts.open", **session).text == "open\n"


def test_an_external_table_opens_nothing(http: Http) -> None:
    answer = http(
        user="superset",
        query="SELECT * FROM raw.secret WHERE id IN ids",
        ids_structure="n UInt64",
        files={"ids": ("ids.tsv", b"1\n")},
    )
    assert not answer.ok
    assert SECRET not in answer.text


def test_of_other_databases_nothing_is_told(http: Http) -> None:
    for statement in [
        "SHOW DATABASES",
        "SHOW TABLES FROM raw",
        "SHOW DICTIONARIES FROM raw",
        "SHOW COLUMNS FROM secret FROM raw",
        "SHOW INDEXES FROM secret FROM raw",
        "SELECT database, name, create_table_query FROM system.tables WHERE database != 'marts'",
        "SELECT * FROM system.columns WHERE database = 'raw'",
        "SELECT name FROM system.databases",
        "SELECT * FROM information_schema.tables WHERE table_schema = 'raw'",
        "SELECT * FROM INFORMATION_SCHEMA.COLUMNS WHERE table_schema = 'raw'",
        "SELECT * FROM information_schema.schemata",
        "SELECT * FROM information_schema.views WHERE table_schema = 'raw'",
        "SELECT * FROM information_schema.key_column_usage WHERE table_schema = 'raw'",
        "SELECT * FROM information_schema.statistics",
    ]:
        answer = http(statement, user="superset")
        assert answer.ok, answer.text
        assert "secret" not in answer.text
        assert "raw" not in re.sub(r"raw_?(BLOB|data)", "", answer.text).split()


def test_every_view_of_the_information_schema_is_filtered(http: Http, etl: Client) -> None:
    names = etl.query(
        "SELECT name FROM system.tables WHERE database = 'information_schema'"
    ).result_rows
    assert names
    for [name] in names:
        answer = http(f"SELECT * FROM information_schema.{name}", user="superset")
        assert answer.ok, name
        # The text of a view in the marts may name what it reads.
        assert not {"raw", "secret", "joined"} & set(re.split(r"[\t\n]", answer.text)), name


class TestAllowed:
    """What the boards need works."""

    @pytest.mark.parametrize(
        "statement",
        [
            "SELECT s FROM marts.open",
            "SELECT s FROM marts.over_marts",
            "SELECT s FROM marts.open WHERE id IN (SELECT id FROM marts.open)",
            "WITH x AS (SELECT * FROM marts.open) SELECT x.s FROM x AS x",
            "SELECT o.s FROM marts.open AS o JOIN marts.over_marts AS v USING (id)",
            "SELECT any(s) FROM (SELECT * FROM marts.open) AS `virtual_table`",
            "SELECT s FROM marts.open SETTINGS max_threads = 1, use_query_cache = 1",
            "SELECT 'open' FROM numbers(1)",
            "SELECT s FROM values('s String', 'open')",
            "SELECT format('{}{}', 'op', 'en')",
        ],
    )
    def test_reading_the_marts(self, http: Http, statement: str) -> None:
        assert http(statement, user="superset").text == "open\n"

    @pytest.mark.parametrize(
        "statement",
        [
            "SHOW DATABASES",
            "SHOW TABLES FROM marts",
            "DESCRIBE TABLE marts.open",
            "DESCRIBE (SELECT * FROM marts.open)",
            "EXISTS TABLE marts.open",
            "SHOW CREATE TABLE marts.open",
            "EXPLAIN SELECT * FROM marts.open",
            "SELECT name, value, readonly FROM system.settings",
            "SELECT name FROM system.functions UNION ALL SELECT name FROM system.table_functions",
            "SELECT name FROM system.tables WHERE database = 'marts' AND engine LIKE '%View'",
            "SELECT version(), timezone(), currentDatabase()",
            "SET max_threads = 1",
        ],
    )
    def test_what_drivers_ask(self, http: Http, statement: str) -> None:
        answer = http(statement, user="superset")
        assert answer.ok, answer.text

    def test_settings_that_drivers_send(self, reader: Client) -> None:
        found = reader.query("SELECT s FROM marts.open", settings={"max_execution_time": 10})
        assert found.result_rows == [("open",)]

    def test_get_too(self, http: Http) -> None:
        answer = http(method="GET", query="SELECT s FROM marts.open", user="superset")
        assert answer.text == "open\n"

    def test_the_client_names_the_refusal(self, reader: Client) -> None:
        with pytest.raises(DatabaseError, match="ACCESS_DENIED") as refused:
            reader.query("SELECT * FROM raw.secret")
        assert refused.value.code == 497


class TestCredentials:
    """Three ways to say who one is; none to be somebody else."""

    def test_headers_parameters_and_basic(self, http: Http, server: ClickHouseProcess) -> None:
        password = server.passwords["superset"]
        assert http("SELECT 1", user="superset").ok
        assert http("SELECT 1", user=None, path=f"/?user=superset&password={password}").ok
        assert http(
            "SELECT 1", user=None, headers={"Authorization": _basic("superset", password)}
        ).ok

    @pytest.mark.parametrize("user", ["etl", "superset", "default", "nobody", ""])
    def test_a_wrong_password(self, http: Http, user: str) -> None:
        for password in ["", "wrong"]:
            answer = http("SELECT 1", user=None, headers={"Authorization": _basic(user, password)})
            assert answer.status_code == 403
            assert answer.headers["X-ClickHouse-Exception-Code"] == "516"
            assert answer.text.startswith(
                f"Code: 516. DB::Exception: {user}: Authentication failed"
            )

    def test_no_credentials(self, http: Http) -> None:
        assert http("SELECT 1", user=None).headers["X-ClickHouse-Exception-Code"] == "516"

    def test_two_ways_at_once(self, http: Http, server: ClickHouseProcess) -> None:
        answer = http("SELECT 1", path=f"/?user=etl&password={server.passwords['etl']}")
        assert answer.headers["X-ClickHouse-Exception-Code"] == "516"

    @pytest.mark.parametrize("header", ["Bearer x", "Basic", "Basic ???", "Basic /////w=="])
    def test_other_schemes(self, http: Http, header: str) -> None:
        answer = http("SELECT 1", user=None, headers={"Authorization": header})
        assert answer.headers["X-ClickHouse-Exception-Code"] == "516"


def _basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()
