"""A file is never lost and never left behind: refusals, failures of disk and database, and crashes."""

import io
import os
import random
import resource
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from crm.errors import CannotStore
from crm.extensions import db
from crm.models import Document, StoredFile
from crm.security.visibility import as_system
from crm.services.files import store as file_store
from crm.services.files import uploads
from crm.services.files.sweeping import sweep
from crm.services.progress import CannotWork
from tests.files.conftest import Quiet, document_at
from tests.files.samples import PDF
from tests.killing import alone, in_child


def places() -> set[str]:
    return set(db.session.scalars(select(StoredFile.place)))


def test_a_file_is_there_with_its_row(system: Any, make_client: Any, lying: Any, folder: Path) -> None:
    acme = make_client()
    with system() as session:
        document = document_at(acme)
        assert len(lying()) == 1
        assert document in session.new
        session.commit()
        assert lying() == places() == {document.stored_file.place}
        assert b"".join(file_store.content_of(document.stored_file)) == PDF
        assert (document.type, document.size) == ("application/pdf", len(PDF))
    (file,) = (one for one in folder.rglob("*") if one.is_file())
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.both_engines
def test_nothing_stays_of_what_was_not_committed(system: Any, make_client: Any, lying: Any) -> None:
    acme = make_client()
    with system() as session:
        document_at(acme)
        session.rollback()
        assert not lying()
        document_at(acme)
        session.close()
        assert not lying()
        document_at(acme).name = None
        with pytest.raises(Exception, match=r"(?i)null"):
            session.commit()
        session.rollback()
        assert not lying()
        first = document_at(acme)
        session.commit()
        document_at(acme)
        session.rollback()
        assert lying() == {first.stored_file.place}


@pytest.mark.both_engines
def test_nobody_knows_how_a_failed_commit_ended(system: Any, make_client: Any, lying: Any) -> None:
    """It may have reached the database all the same, so the file stays until the nightly job has looked."""
    acme = make_client()
    with system() as session:
        document_at(acme)

        def cut(_connection: Any) -> None:
            raise ConnectionError("the line is dead")

        event.listen(db.engine, "commit", cut)
        try:
            with pytest.raises(ConnectionError):
                session.commit()
        finally:
            event.remove(db.engine, "commit", cut)
        session.rollback()
        assert len(lying()) == 1
        sweep(Quiet(), timedelta(0))
        assert not lying()


@pytest.mark.both_engines
def test_a_file_goes_only_when_its_row_is_gone(system: Any, make_client: Any, lying: Any) -> None:
    acme = make_client()
    with system() as session:
        document = document_at(acme)
        session.commit()
        stored = document.stored_file_id
        assert file_store.give_up([stored]) == 0
        session.commit()
        assert len(lying()) == 1
        session.delete(document)
        session.flush()
        assert file_store.give_up([stored]) == 1
        assert len(lying()) == 1
        session.rollback()
        assert lying() == places()
        session.delete(document)
        session.flush()
        file_store.give_up([stored])
        session.commit()
        assert not lying()
        assert not places()


def test_a_full_disk_leaves_nothing(system: Any, make_client: Any, lying: Any) -> None:
    acme = make_client()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with system() as session:
        upload = uploads.prepare(io.BytesIO(PDF + bytes(100_000)), "a.pdf")
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
        try:
            with pytest.raises(CannotStore):
                file_store.keep(upload)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        session.rollback()
        assert not lying()
        document_at(acme)
        session.commit()
        assert lying() == places()


def test_what_was_not_written_rightly_is_noticed(
    system: Any, make_client: Any, folder: Path, lying: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = make_client()
    rename = Path.rename

    def broken(self: Path, target: Path) -> Path:
        self.write_bytes(self.read_bytes()[:-1])
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", broken)
    with system() as session:
        with pytest.raises(CannotStore):
            document_at(acme)
        session.rollback()
        assert not lying()


@pytest.mark.both_engines
@pytest.mark.parametrize("runs", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_killed_at_any_moment(app: Flask, make_client: Any, lying: Any, runs: int) -> None:
    """Each child replaces the file of a document and dies somewhere; no row is without its file."""
    acme, chance = make_client(), random.Random(runs)
    with app.app_context(), as_system():
        document_at(acme)
        db.session.commit()
        db.session.remove()
    steps = ("write", "fsync", "rename", "replace", None)
    for run in range(runs):
        step, statement = steps[run % 5], chance.randint(1, 14)

        def work(step: Any = step, run: int = run) -> None:
            document = db.session.scalars(select(Document)).one()
            old = document.stored_file_id
            if step:
                dying_at(step)
            upload = uploads.prepare(io.BytesIO(PDF + bytes(run)), "new.pdf")
            document.stored_file = file_store.keep(upload)
            db.session.flush()
            file_store.give_up([old])

        pid = in_child(app, work, statement if step is None else None)
        os.waitpid(pid, 0)
        with app.app_context(), as_system():
            alone()
            stored = db.session.scalars(select(Document)).one().stored_file
            assert stored.place in lying(), (run, step, statement)
            assert b"".join(file_store.content_of(stored)).startswith(PDF)
            sweep(Quiet(), timedelta(0))
            assert lying() == places() == {stored.place}, (run, step, statement)
            db.session.remove()


def dying_at(step: str) -> None:
    """Have this process killed when it comes to a step of writing or removing a file."""

    def die(*_: Any, **__: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    if step == "write":
        import crm.services.files.storage as module

        module.copyfileobj = lambda source, out, size: (out.write(source.read(10)), out.flush(), die())
    elif step == "fsync":
        os.fsync = die
    elif step == "rename":
        Path.rename = die
    else:
        Path.unlink = die


# -- the nightly job


def old(days: int) -> timedelta:
    return timedelta(days=days)


@pytest.mark.both_engines
def test_a_deleted_file_is_kept_for_a_month(system: Any, make_client: Any, lying: Any) -> None:
    acme = make_client()
    with system() as session:
        document = document_at(acme)
        session.commit()
        session.delete(document)
        session.commit()
        sweep(Quiet())
        stored = session.scalars(select(StoredFile)).one()
        assert stored.unused_since is not None
        assert len(lying()) == 1
        stored.unused_since -= old(29)
        session.commit()
        sweep(Quiet())
        assert len(lying()) == 1
        stored.unused_since -= old(2)
        session.commit()
        run = Quiet()
        sweep(run)
        assert not lying()
        assert not places()
        assert run.counters["removed"] == 1


def test_a_file_that_is_used_again_stays(system: Any, make_client: Any, lying: Any) -> None:
    acme = make_client()
    with system() as session:
        document = document_at(acme)
        session.commit()
        stored = document.stored_file
        stored.unused_since = stored.created_at - old(40)
        session.commit()
        sweep(Quiet())
        assert len(lying()) == 1
        assert session.scalars(select(StoredFile)).one().unused_since is None


def test_what_was_left_behind_goes_after_a_day(system: Any, folder: Path, lying: Any) -> None:
    (folder / "a").mkdir(parents=True)
    for name, hours in (("ab" * 20, 30), ("ab" * 19, 2), ("abcd.part", 30)):
        file = folder / "a" / name
        file.write_bytes(b"x")
        when = file.stat().st_mtime - hours * 3600
        os.utime(file, (when, when))
    with system():
        run = Quiet()
        sweep(run)
    assert lying() == {f"a/{'ab' * 19}"}
    assert run.counters["orphans"] == 2


def test_a_missing_file_is_told(system: Any, make_client: Any, folder: Path) -> None:
    acme = make_client()
    with system() as session:
        place = document_at(acme).stored_file.place
        session.commit()
        (folder / place).unlink()
        run = Quiet()
        with pytest.raises(CannotWork, match="1 file is missing"):
            sweep(run)
        assert place in run.lines[0]
