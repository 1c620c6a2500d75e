# ruff: noqa: S608 (statements are put together from the constants of this file)
"""The forms of a plain HTTP request, and what the answer says of itself."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import time
import zlib
from http import client
from typing import TYPE_CHECKING
from urllib.parse import quote

import lz4.frame
import pytest
import zstandard

from tests.contract.clickhouse.conftest import Http, peak_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clickhouse_connect.driver.client import Client

    from sandbox.clickhouse.process import ClickHouseProcess

ENCODINGS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "lz4": lz4.frame.compress,
    "zstd": zstandard.compress,
}
DECODINGS = {
    "gzip": lambda body: body,  # requests has taken it off already
    "deflate": lambda body: body,
    "lz4": lz4.frame.decompress,
    "zstd": lambda body: (
        body
        if not body.startswith(zstandard.FRAME_HEADER)
        else zstandard.ZstdDecompressor().decompressobj().decompress(body)
    ),
}


@pytest.mark.parametrize("path", ["/ping", "/", "/replicas_status"])
def test_it_says_that_it_lives_to_everybody(http: Http, path: str) -> None:
    answer = http(method="GET", path=path, user=None)
    assert (answer.status_code, answer.text) == (200, "Ok.\n")


def test_a_query_by_get_and_by_post(http: Http) -> None:
    assert http(method="GET", query="SELECT 1").text == "1\n"
    assert http("SELECT 1").text == "1\n"
    assert http("1 FORMAT CSV", query="SELECT").text == "1\n"


def test_get_reads_only(http: Http, etl: Client) -> None:
    answer = http(method="GET", query="CREATE TABLE raw.by_get (a UInt8) ENGINE = Memory")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "164"
    assert etl.command("EXISTS TABLE raw.by_get") == 0


def test_get_reads_only_by_the_engines_own_judgement(http: Http) -> None:
    assert http(method="GET", query="SELECT getSetting('readonly')").text == "2\n"
    assert http("SELECT getSetting('readonly')").text == "0\n"
    assert http(method="GET", query="SELECT 1", max_threads=1).text == "1\n"


def test_head_runs_the_query_and_keeps_the_result(http: Http) -> None:
    answer = http(method="HEAD", query="SELECT 1 FORMAT CSV")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["X-ClickHouse-Format"] == "CSV"
    assert http(method="HEAD", path="/ping", user=None).status_code == 200
    refused = http(method="HEAD", query="DROP TABLE raw.x")
    assert refused.headers["X-ClickHouse-Exception-Code"] == "164"


def test_options_are_told_without_a_login(http: Http) -> None:
    answer = http(method="OPTIONS", user=None)
    assert (answer.status_code, answer.headers["Allow"]) == (204, "GET, HEAD, POST, OPTIONS")


@pytest.mark.parametrize("path", ["/nope", "/ping/x", "/play", "/query/"])
def test_other_paths_are_not_there(http: Http, path: str) -> None:
    answer = http(method="GET", path=path)
    assert answer.status_code == 404
    assert answer.text.startswith(f"There is no handle {path}\n")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_implemented(http: Http, method: str) -> None:
    assert http("SELECT 1", method=method).status_code == 501


class TestSizes:
    def test_a_long_statement(self, http: Http) -> None:
        length = 5_000_000
        statement = f"SELECT length('{'x' * length}')"
        assert http(statement, max_query_size=2 * length).text == f"{length}\n"
        assert http(method="GET", query=f"SELECT length('{'x' * 60_000}')").text == "60000\n"

    def test_an_address_or_header_without_end(self, http: Http) -> None:
        assert http(method="GET", query=f"SELECT '{'x' * 2_000_000}'").status_code == 400
        assert http("SELECT 1", headers={"X-Header": "x" * 60_000}).text == "1\n"
        assert http("SELECT 1", headers={"X-Header": "x" * 200_000}).status_code == 400
        assert http("SELECT 1").text == "1\n"


class TestConnections:
    """Of HTTP/1.1, by hand."""

    @pytest.fixture
    def wire(self, server: ClickHouseProcess) -> Iterator[socket.socket]:
        with socket.create_connection((server.host, server.port), timeout=10) as wire:
            yield wire

    def ask(
        self, wire: socket.socket, server: ClickHouseProcess, query: str, *lines: str, user: str
    ) -> None:
        password = server.passwords.get(user, "wrong")
        head = [
            f"POST /?query={quote(query)} HTTP/1.1",
            "Host: x",
            f"X-ClickHouse-User: {user}",
            f"X-ClickHouse-Key: {password}",
            *lines,
            "",
            "",
        ]
        wire.sendall("\r\n".join(head).encode())

    def read(self, wire: socket.socket) -> tuple[int, str]:
        answer = client.HTTPResponse(wire)
        answer.begin()
        return answer.status, answer.read().decode()

    def test_a_body_that_waits_to_be_asked_for(
        self,
        wire: socket.socket,
        server: ClickHouseProcess,
        etl: Client,
        table: Callable[[str], str],
    ) -> None:
        name = table("n UInt8")
        expects = ("Expect: 100-continue", "Content-Length: 2")
        self.ask(wire, server, f"INSERT INTO {name} FORMAT CSV", *expects, user="etl")
        assert wire.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.sendall(b"7\n")
        assert self.read(wire) == (200, "")
        assert etl.command(f"SELECT n FROM {name}") == 7

    def test_a_body_that_is_never_asked_for(
        self, wire: socket.socket, server: ClickHouseProcess
    ) -> None:
        expects = ("Expect: 100-continue", "Content-Length: 2")
        self.ask(wire, server, "SELECT 1", *expects, user="nobody")
        status, text = self.read(wire)
        assert (status, text[:10]) == (403, "Code: 516.")
        assert wire.recv(1) == b""

    def test_chunks(
        self,
        wire: socket.socket,
        server: ClickHouseProcess,
        etl: Client,
        table: Callable[[str], str],
    ) -> None:
        name = table("n UInt8")
        query = f"INSERT INTO {name} FORMAT CSV"
        self.ask(wire, server, query, "Transfer-Encoding: chunked", user="etl")
        for chunk in (b"1\n2", b"\n", b"3\n"):
            wire.sendall(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            time.sleep(0.05)
        wire.sendall(b"0\r\n\r\n")
        assert self.read(wire) == (200, "")
        assert etl.command(f"SELECT sum(n) FROM {name}") == 6

    def test_errors_leave_the_connection_usable(
        self, wire: socket.socket, server: ClickHouseProcess
    ) -> None:
        length = ("Content-Length: 100000",)
        for query, user, status in [
            ("SELECT nope", "etl", 404),
            ("INSERT INTO raw.nope FORMAT CSV", "etl", 404),
            ("SELECT 1", "nobody", 403),
            ("SELECT throwIf(number = 1) FROM numbers(2)", "etl", 500),
        ]:
            self.ask(wire, server, query, *length, user=user)
            wire.sendall(b" " * 100_000)
            assert self.read(wire)[0] == status
        self.ask(wire, server, "SELECT 1", "Content-Length: 0", user="etl")
        assert self.read(wire) == (200, "1\n")


@pytest.mark.parametrize(
    ("kind", "text", "seen"),
    [
        ("UInt8", "255", "255"),
        ("Int256", "-" + "9" * 70, "-" + "9" * 70),
        ("Float64", "1.5e-3", "0.0015"),
        ("Decimal(38, 4)", "12.5", "12.5"),
        ("Bool", "true", "true"),
        ("String", "it's \\t \\\\ я", "it\\'s \\t \\\\ я"),
        ("FixedString(3)", "abc", "abc"),
        ("LowCardinality(String)", "a", "a"),
        ("Nullable(UInt8)", "\\N", "\\N"),
        ("Date", "2025-01-31", "2025-01-31"),
        ("Date32", "1925-01-31", "1925-01-31"),
        ("DateTime('UTC')", "2025-01-31 10:00:00", "2025-01-31 10:00:00"),
        ("DateTime64(3, 'Europe/Moscow')", "2025-01-31 10:00:00.123", "2025-01-31 10:00:00.123"),
        ("UUID", "12345678-1234-5678-1234-567812345678", "12345678-1234-5678-1234-567812345678"),
        ("IPv4", "127.0.0.1", "127.0.0.1"),
        ("IPv6", "::1", "::1"),
        ("Enum8('a' = 1)", "a", "a"),
        ("Array(String)", "['a','b']", "['a','b']"),
        ("Array(Nullable(UInt8))", "[1,NULL]", "[1,NULL]"),
        ("Tuple(UInt8, String)", "(1,'x')", "(1,'x')"),
        ("Map(String, UInt8)", "{'a':1}", "{'a':1}"),
        ("Array(Tuple(String, Array(Date)))", "[('a',['2025-01-31'])]", "[('a',['2025-01-31'])]"),
        ("Point", "(1,2)", "(1,2)"),
    ],
)
def test_a_parameter_of_every_type(http: Http, kind: str, text: str, seen: str) -> None:
    answer = http(f"SELECT {{p:{kind}}} AS p, toTypeName(p)", param_p=text)
    value, _, _ = answer.text.rpartition("\t")
    assert value == seen, answer.text


def test_a_parameter_that_is_missing(http: Http) -> None:
    answer = http("SELECT {p:UInt8}", param_q="1")
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "456")


def test_the_user_is_known_by_name(http: Http) -> None:
    for user in ("etl", "superset"):
        answer = http(
            "SELECT currentUser(), upper(user())", user=user, default_format="TSVWithNames"
        )
        assert answer.text == f"currentUser()\tupper(user())\n{user}\t{user.upper()}\n"
    assert http("SELECT count() FROM numbers(3) WHERE currentUser() = 'etl'").text == "3\n"


def test_asynchronous_inserts(http: Http, etl: Client, table: Callable[[str], str]) -> None:
    name = table("n UInt8")
    waiting = {"async_insert": 1, "wait_for_async_insert": 1}
    assert http("1\n", query=f"INSERT INTO {name} FORMAT CSV", **waiting).ok
    assert http(f"INSERT INTO {name} VALUES (2)", **waiting).ok
    assert etl.command(f"SELECT sum(n) FROM {name}") == 3
    bad = http("x\n", query=f"INSERT INTO {name} FORMAT CSV", **waiting)
    assert bad.status_code == 400


@pytest.mark.parametrize(
    "name",
    [
        "Native",
        "RowBinaryWithNamesAndTypes",
        "JSONEachRow",
        "JSONCompact",
        "Parquet",
        "Arrow",
        "ArrowStream",
        "ORC",
        "Avro",
        "CSVWithNames",
        "TSKV",
        "MsgPack",
        "BSONEachRow",
    ],
)
def test_a_format_goes_both_ways(
    http: Http, etl: Client, table: Callable[[str], str], name: str
) -> None:
    columns = "n UInt32, s String, x Nullable(Float64), a Array(Int32)"
    source, target = table(columns), "raw.copied"
    etl.command(f"CREATE OR REPLACE TABLE {target} ({columns}) ENGINE = Memory")
    etl.command(
        f"INSERT INTO {source} SELECT number, concat('я', toString(number)), "
        "if(number % 3 = 0, NULL, number / 4), [number, -number] FROM numbers(5000)"
    )
    body = http(f"SELECT * FROM {source} FORMAT {name}").content
    answer = http(body, query=f"INSERT INTO {target} FORMAT {name}")
    assert answer.ok, answer.text
    checksum = "SELECT count(), sum(cityHash64(n, s, x, a)) FROM"
    assert (
        etl.query(f"{checksum} {target}").result_rows
        == etl.query(f"{checksum} {source}").result_rows
    )
    etl.command(f"DROP TABLE {target}")


def test_format_by_statement_parameter_and_header(http: Http) -> None:
    assert http("SELECT 1 AS a FORMAT JSONEachRow").text == '{"a":1}\n'
    assert http("SELECT 1 AS a", default_format="CSVWithNames").text == '"a"\n1\n'
    assert http("SELECT 1 AS a", headers={"X-ClickHouse-Format": "JSONEachRow"}).text == '{"a":1}\n'
    assert http("SHOW DATABASES LIKE 'raw'", default_format="CSV").text == '"raw"\n'


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1 AS a /* FORMAT CSV */ FORMAT JSONEachRow -- FORMAT TSV",
        "SELECT 1 AS a FORMAT JSONEachRow SETTINGS max_threads = 1",
        "SELECT 1 AS a SETTINGS max_threads = 1 FORMAT JSONEachRow;",
        "WITH x AS (SELECT 1 AS a) SELECT a FROM x FORMAT JSONEachRow ;; ",
        "FROM (SELECT 1 AS a) SELECT a FORMAT JSONEachRow",
        "(SELECT 1 AS a) FORMAT JSONEachRow",
        "SELECT 1 AS a UNION ALL SELECT 2 AS a WHERE 0 FORMAT JSONEachRow",
        "# comment\nselect 1 as a format JSONEachRow",
    ],
)
def test_the_format_clause_is_found(http: Http, statement: str) -> None:
    answer = http(statement)
    assert (answer.text, answer.headers["X-ClickHouse-Format"]) == ('{"a":1}\n', "JSONEachRow")


def test_an_answer_describes_itself(http: Http, table: Callable[[str], str]) -> None:
    name = table("n UInt64")
    written = http(f"INSERT INTO {name} SELECT number FROM numbers(1000)", query_id="own-id-1")
    assert written.headers["X-ClickHouse-Query-Id"] == "own-id-1"
    assert json.loads(written.headers["X-ClickHouse-Summary"])["written_rows"] == "1000"

    read = http(f"SELECT n FROM {name} LIMIT 3 FORMAT Native", wait_end_of_query=1)
    summary = json.loads(read.headers["X-ClickHouse-Summary"])
    assert (summary["result_rows"], summary["read_rows"]) == ("3", "1000")
    assert read.headers["X-ClickHouse-Format"] == "Native"
    assert read.headers["X-ClickHouse-Timezone"]
    assert read.headers["X-ClickHouse-Server-Display-Name"] == "sandbox"
    assert read.headers["Content-Type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT nope", (47, "UNKNOWN_IDENTIFIER", 404)),
        ("SELECT * FROM raw.nope", (60, "UNKNOWN_TABLE", 404)),
        ("SELEC 1", (62, "SYNTAX_ERROR", 400)),
        ("", (62, "SYNTAX_ERROR", 400)),
        ("SELECT 1; SELECT 2", (62, "SYNTAX_ERROR", 400)),
        ("SELECT throwIf(1)", (395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO", 500)),
        ("SELECT 1 FORMAT Nope", (73, "UNKNOWN_FORMAT", 404)),
        ("SELECT 1 INTO OUTFILE '/tmp/x'", (418, "INTO_OUTFILE_NOT_ALLOWED", 500)),
        ("INSERT INTO raw.x FROM INFILE '/etc/passwd'", (78, "UNKNOWN_TYPE_OF_QUERY", 404)),
        ("INSERT INTO raw.nope VALUES (1)", (60, "UNKNOWN_TABLE", 404)),
        ("SELECT * FROM python('x')", (46, "UNKNOWN_FUNCTION", 404)),
        ("SET ROLE superset", (512, "SET_NON_GRANTED_ROLE", 403)),
    ],
)
def test_an_error_has_clickhouses_form(
    http: Http, etl: Client, statement: str, expected: tuple[int, str, int]
) -> None:
    code, name, status = expected
    answer = http(statement)
    assert answer.status_code == status
    assert answer.headers["X-ClickHouse-Exception-Code"] == str(code)
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")
    assert answer.text.endswith(f"({name}) (version {etl.server_version} (official build))\n")


def test_settings_of_the_query_string_hold_for_the_statement(http: Http) -> None:
    assert http("SELECT getSetting('max_threads')", max_threads=3).text == "3\n"
    unknown = http("SELECT 1", no_such_setting=1)
    assert (unknown.status_code, unknown.headers["X-ClickHouse-Exception-Code"]) == (404, "115")
    strange = http("SELECT 1", **{"a = 1, b": "1"})
    assert strange.headers["X-ClickHouse-Exception-Code"] == "1003"


def test_database_of_the_query_string(http: Http) -> None:
    assert http("SELECT currentDatabase()", database="marts").text == "marts\n"
    assert http("SELECT currentDatabase()").text == "default\n"
    nowhere = http("SELECT * FROM t", database="nowhere")
    assert (nowhere.status_code, nowhere.headers["X-ClickHouse-Exception-Code"]) == (404, "81")


def test_what_is_not_served_is_refused(http: Http) -> None:
    unknown = http("SELECT 1", headers={"Content-Encoding": "br"})
    assert unknown.headers["X-ClickHouse-Exception-Code"] == "48"


class TestInsertedData:
    """INSERT … FORMAT X, wherever statement and data stand."""

    @pytest.mark.parametrize(
        "given",
        [
            ("FORMAT CSV", b'1,"a"\n2,"b"\n'),
            ("FORMAT JSONEachRow", b'{"n":1,"s":"a"}\n{"n":2,"s":"b"}'),
            ("FORMAT TSVWithNames", b"s\tn\na\t1\nb\t2\n"),
            ("FORMAT RowBinary", b"\x01\x01a\x02\x01b"),
            ("FORMAT Native", b"\x02\x02\x01n\x05UInt8\x01\x02\x01s\x06String\x01a\x01b"),
            ("VALUES", b"(1, 'a'), (1 + 1, lower('B'))"),
            ("(s, n) VALUES", b"('a', 1), ('b', 2);"),
            ("SETTINGS async_insert = 0 FORMAT CSV", b"1,a\n2,b\n"),
        ],
    )
    @pytest.mark.parametrize("place", ["parameter", "body"])
    def test_formats(
        self,
        http: Http,
        etl: Client,
        table: Callable[[str], str],
        given: tuple[str, bytes],
        place: str,
    ) -> None:
        head, data = given
        name = table("n UInt8, s String")
        statement = f"INSERT INTO {name} {head}"
        if place == "parameter":
            answer = http(data, query=statement)
        else:
            answer = http(f"/* data follow */ {statement}\n".encode() + data)
        assert answer.status_code == 200, answer.text
        assert json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == "2"
        assert etl.query(f"SELECT n, s FROM {name} ORDER BY n").result_rows == [(1, "a"), (2, "b")]

    def test_data_in_the_parameter_go_before_those_of_the_body(
        self, http: Http, etl: Client, table: Callable[[str], str]
    ) -> None:
        name = table("n UInt8")
        assert http(b"2\n", query=f"INSERT INTO {name} FORMAT CSV\n1\n").ok
        assert etl.query(f"SELECT n FROM {name} ORDER BY n").result_rows == [(1,), (2,)]

    def test_a_view_that_refuses_a_row_refuses_the_insert(
        self, http: Http, etl: Client, table: Callable[[str], str]
    ) -> None:
        name = table("n UInt8")
        etl.command(
            f"CREATE MATERIALIZED VIEW {name}_view ENGINE = Memory AS "
            f"SELECT throwIf(n = 7) AS x FROM {name}"
        )
        assert http("1\n", query=f"INSERT INTO {name} FORMAT CSV").ok
        refused = http("2\n7\n", query=f"INSERT INTO {name} FORMAT CSV")
        assert refused.headers["X-ClickHouse-Exception-Code"] == "395"
        etl.command(f"DROP TABLE {name}_view")

    def test_settings_stand_where_the_statement_has_them(
        self, http: Http, etl: Client, table: Callable[[str], str]
    ) -> None:
        name = table("`settings` UInt8")
        settings = "SETTINGS format_csv_delimiter = ';', max_threads = 1"
        answer = http(f"INSERT INTO {name} (settings) {settings} FORMAT CSV\n1\n2\n")
        assert answer.ok, answer.text
        assert etl.command(f"SELECT sum(settings) FROM {name}") == 3

    def test_bytes_that_look_like_sql_are_data(
        self, http: Http, etl: Client, table: Callable[[str], str]
    ) -> None:
        name = table("s String")
        nasty = b"; DROP TABLE x -- ' \xff\xfe /* FORMAT CSV"
        assert http(nasty + b"\n", query=f"INSERT INTO {name} FORMAT LineAsString").ok
        assert http(f"INSERT INTO {name} FORMAT LineAsString\n".encode() + nasty + b"\n").ok
        assert etl.command(f"SELECT groupUniqArray(hex(s))[1] FROM {name}") == nasty.hex().upper()
        assert etl.command(f"SELECT count() FROM {name}") == 2

    @pytest.mark.parametrize("encoding", ENCODINGS)
    def test_compressed_bodies(
        self, http: Http, etl: Client, table: Callable[[str], str], encoding: str
    ) -> None:
        name = table("n UInt32")
        body = b"".join(b"%d\n" % n for n in range(100_000))
        answer = http(
            ENCODINGS[encoding](body),
            query=f"INSERT INTO {name} FORMAT CSV",
            headers={"Content-Encoding": encoding},
        )
        assert answer.status_code == 200, answer.text
        assert etl.query(f"SELECT count(), sum(n) FROM {name}").result_rows == [
            (100_000, sum(range(100_000)))
        ]

    @pytest.mark.parametrize("encoding", ENCODINGS)
    def test_a_truncated_body_inserts_nothing(
        self, http: Http, etl: Client, table: Callable[[str], str], encoding: str
    ) -> None:
        name = table("n UInt32")
        body = ENCODINGS[encoding](b"".join(b"%d\n" % n for n in range(10_000)))
        answer = http(
            body[:-20],
            query=f"INSERT INTO {name} FORMAT CSV",
            headers={"Content-Encoding": encoding},
        )
        assert answer.headers["X-ClickHouse-Exception-Code"] == "271"
        assert etl.command(f"SELECT count() FROM {name}") == 0

    def test_bad_data_is_refused_with_the_engines_reason(
        self, http: Http, etl: Client, table: Callable[[str], str]
    ) -> None:
        name = table("n UInt8")
        answer = http(b"1\nx\n" + b"2\n" * 3_000_000, query=f"INSERT INTO {name} FORMAT CSV")
        assert answer.status_code == 400
        assert "(at row 2)" in answer.text
        assert etl.command(f"SELECT count() FROM {name}") == 0

    def test_chunked_bodies_of_any_size_in_bounded_memory(
        self, server: ClickHouseProcess, http: Http, etl: Client, table: Callable[[str], str]
    ) -> None:
        name = table("s String")
        line = b"x" * 1023 + b"\n"
        before = peak_memory(server.pid)
        answer = http(
            (line * 1024 for _ in range(600)),
            query=f"INSERT INTO {name} FORMAT TSV",
            # The engine's own blocks, which it forms by rows, would be 1 GiB of such rows.
            max_insert_block_size=10_000,
            min_insert_block_size_bytes=16 << 20,
        )
        assert answer.status_code == 200, answer.text
        assert etl.command(f"SELECT count() FROM {name}") == 600 * 1024
        assert peak_memory(server.pid) - before < 500 << 20

    def test_data_through_input(self, http: Http, etl: Client, table: Callable[[str], str]) -> None:
        name = table("n UInt32, s String")
        statement = (
            f"INSERT INTO {name} SELECT a * 2, upper(b) FROM input('a UInt32, b String') FORMAT CSV"
        )
        body = b"".join(b"%d,x%d\n" % (n, n) for n in range(200_000))
        answer = http(body, query=statement)
        assert answer.status_code == 200, answer.text
        assert etl.query(f"SELECT count(), sum(n), max(s) FROM {name}").result_rows == [
            (200_000, 2 * sum(range(200_000)), "X99999")
        ]
        bad = http(b"1,a\nx,b\n" + b"1,a\n" * 1_000_000, query=statement)
        assert bad.status_code == 400

    def test_an_insert_select_takes_no_data(
        self, http: Http, etl: Client, table: Callable[[str], str]
    ) -> None:
        name = table("n UInt8")
        assert http(f"INSERT INTO {name} SELECT 1").ok
        assert http(f"WITH x AS (SELECT 2 AS n) INSERT INTO {name} SELECT n FROM x").ok
        assert etl.query(f"SELECT n FROM {name} ORDER BY n").result_rows == [(1,), (2,)]


class TestResults:
    """Results of every size."""

    @pytest.mark.parametrize("encoding", ENCODINGS)
    @pytest.mark.parametrize("waits", [0, 1])
    def test_compressed_as_asked(self, http: Http, encoding: str, waits: int) -> None:
        answer = http(
            "SELECT number FROM numbers(200000) FORMAT RowBinary",
            enable_http_compression=1,
            wait_end_of_query=waits,
            headers={"Accept-Encoding": encoding},
        )
        assert answer.headers["Content-Encoding"] == encoding
        plain = DECODINGS[encoding](answer.content)
        assert plain == struct.pack("<200000Q", *range(200_000))

    def test_plain_unless_asked(self, http: Http) -> None:
        answer = http("SELECT 1", headers={"Accept-Encoding": "gzip"})
        assert "Content-Encoding" not in answer.headers

    @pytest.mark.parametrize(
        "output_format", ["JSON", "JSONCompact", "CSVWithNames", "XML", "Arrow", "Parquet"]
    )
    def test_formats_with_head_and_foot_stream_as_one_document(
        self, http: Http, output_format: str
    ) -> None:
        query = f"SELECT number AS n FROM numbers(300000) ORDER BY n FORMAT {output_format}"
        streamed = http(query, output_format_write_statistics=0)
        waited = http(query, output_format_write_statistics=0, wait_end_of_query=1)
        assert len(streamed.content) > 200_000
        assert streamed.content == waited.content
        if output_format == "JSON":
            assert [int(row["n"]) for row in streamed.json()["data"]] == list(range(300_000))

    def test_a_large_result_streams_in_bounded_memory(
        self, server: ClickHouseProcess, http: Http
    ) -> None:
        before = peak_memory(server.pid)
        answer = http(
            "SELECT repeat('x', 1023) FROM numbers(600000) FORMAT TSV",
            max_block_size=4096,
            stream=True,
        )
        size = sum(len(piece) for piece in answer.iter_content(1 << 20))
        assert size == 600_000 * 1024
        assert peak_memory(server.pid) - before < 300 << 20

    def test_a_failure_behind_the_first_byte_ends_the_stream_as_servers_do(
        self, http: Http
    ) -> None:
        query = "SELECT throwIf(number = 3000000) FROM numbers(4000000)"
        answer = http(query, max_block_size=10_000)
        assert answer.status_code == 200
        tag = answer.headers["X-ClickHouse-Exception-Tag"]
        assert f"\r\n__exception__\r\n{tag}\r\nCode: 395. DB::Exception: " in answer.text
        assert answer.text.endswith(f" {tag}\r\n__exception__\r\n")

        waited = http(query, max_block_size=10_000, wait_end_of_query=1)
        assert (waited.status_code, waited.headers["X-ClickHouse-Exception-Code"]) == (500, "395")

    def test_the_client_sees_a_failure_behind_the_first_block(self, etl: Client) -> None:
        query = "SELECT throwIf(number = 3000000) AS x FROM numbers(4000000)"
        with (
            pytest.raises(Exception, match="FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
            etl.query_row_block_stream(query, settings={"max_block_size": 10_000}) as blocks,
        ):
            for _ in blocks:
                pass

    def test_the_client_streams_blocks(self, etl: Client) -> None:
        with etl.query_row_block_stream("SELECT number FROM numbers(1000000)") as blocks:
            assert sum(row[0] for block in blocks for row in block) == sum(range(1_000_000))


class TestExternalTables:
    """Tables that come with the request."""

    @pytest.mark.parametrize("user", ["etl", "superset"])
    def test_a_statement_reads_them(self, http: Http, user: str) -> None:
        answer = http(
            user=user,
            query="SELECT sum(n), max(s) FROM ids",
            ids_structure="n UInt32, s String",
            ids_format="CSV",
            files={"ids": ("ids.csv", b"1,a\n2,b\n")},
        )
        assert answer.text == "3\tb\n"

    def test_they_need_a_structure(self, http: Http) -> None:
        answer = http(query="SELECT 1", files={"ids": ("ids.csv", b"1\n")})
        assert answer.headers["X-ClickHouse-Exception-Code"] == "36"

    def test_a_structure_is_nothing_but_a_structure(self, http: Http) -> None:
        answer = http(
            user="superset",
            query="SELECT * FROM ids",
            ids_structure="n String) ENGINE = File(TSV, '/etc/passwd') --",
            files={"ids": ("ids.tsv", b"")},
        )
        assert not answer.ok
