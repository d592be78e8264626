"""`flask crm init`: as often as you like, and by several processes at once."""

import os
import subprocess
import sys

import pytest
import sqlalchemy as sa

from tests import pg
from tools.machine import ROOT

INIT = (sys.executable, "-m", "flask", "crm", "init")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/crm.db"
        return
    server = pg.start()
    if server is None:
        pytest.skip("no PostgreSQL on this machine (set CRM_TEST_POSTGRES_URL)")
    url = pg.fresh_database(server)
    yield url
    pg.drop_database(url)


def init(url: str, instance: str) -> subprocess.Popen:
    environment = {"PATH": os.environ["PATH"], "CRM_INSTANCE": instance, "CRM_DATABASE_URL": url}
    return subprocess.Popen(
        INIT, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def contents(url: str) -> dict[str, int]:
    """Number of rows in each table."""
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            return {
                table: connection.scalar(sa.select(sa.func.count()).select_from(sa.table(table)))
                for table in sa.inspect(connection).get_table_names()
            }
    finally:
        engine.dispose()


def test_four_at_once_and_once_more(empty_database, tmp_path):
    together = [init(empty_database, str(tmp_path)) for _ in range(4)]
    outputs = [process.communicate(timeout=120)[0] for process in together]
    assert [process.returncode for process in together] == [0] * 4, "\n".join(outputs)
    first = contents(empty_database)
    assert first["ab_role"] >= 4
    assert first["status"] == 4

    again = init(empty_database, str(tmp_path))
    output = again.communicate(timeout=60)[0]
    assert again.returncode == 0, output
    assert contents(empty_database) == first

    assert doubled(empty_database) == []


def doubled(url: str) -> list[str]:
    """Permissions and statuses that exist twice."""
    engine = sa.create_engine(url)
    doubles = []
    try:
        with engine.connect() as connection:
            for table, columns in (
                ("ab_role", "name"),
                ("ab_permission", "name"),
                ("ab_view_menu", "name"),
                ("ab_permission_view", "permission_id, view_menu_id"),
                ("ab_permission_view_role", "permission_view_id, role_id"),
                ("status", "name"),
            ):
                query = f"SELECT {columns} FROM {table} GROUP BY {columns} HAVING count(*) > 1"
                doubles += [f"{table}: {row}" for row in connection.execute(sa.text(query))]
    finally:
        engine.dispose()
    return doubles
