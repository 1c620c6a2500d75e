"""The pool behind Superset's ClickHouse connections, in Superset's own environment."""

import subprocess
import textwrap

from sandbox.superset import ROOT, SUPERSET_BIN
from tests.superset.stack import Stack

PROGRAM = """
    from sqlalchemy import create_engine, text
    from sqlalchemy.engine.url import make_url
    from sqlalchemy.pool import NullPool
    from superset_assets.server.connections import pooled

    opened = []
    def engine():
        uri, params = pooled(make_url({uri!r}), {{"poolclass": NullPool}}, None, None, None)
        return create_engine(uri, **params)

    for _ in range(3):
        with engine().connect() as connection:
            assert connection.execute(text("select 1")).scalar() == 1
            opened.append(id(connection.connection.dbapi_connection))
    assert len(set(opened)) == 1, "a new connection per engine"

    kept = {{"poolclass": NullPool}}
    assert pooled(make_url("sqlite://"), kept, None, None, None)[1] == kept
"""


def test_engines_of_one_address_share_their_connections(stack: Stack) -> None:
    uri = stack.warehouse.sqlalchemy_uri().replace("XXXXXXXXXX", stack.warehouse.password)
    program = textwrap.dedent(PROGRAM).format(uri=uri)
    done = subprocess.run(
        [SUPERSET_BIN / "python", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
