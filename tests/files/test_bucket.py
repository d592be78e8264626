"""Files in a bucket of a real S3-compatible server."""

import io
import logging
import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from flask import Flask
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from sqlalchemy import select
from werkzeug.serving import make_server

from crm.errors import CannotStore
from crm.models import Document
from crm.services.files import store as file_store
from crm.services.files.storage import PREFIXES, Bucket, new_place, storage_of
from crm.services.files.sweeping import sweep
from tests.files.conftest import Quiet, document_at

# moto's own client for the mocks it has in a process warns of things that do not concern its server
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:botocore.*")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    client = boto3.client(
        "s3", endpoint_url=address, region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s"
    )
    client.create_bucket(Bucket="crm-files")
    client.close()
    yield address
    server.shutdown()


@pytest.fixture
def bucket(app: Flask, endpoint: str, folder: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A part of the bucket that is this test's own."""
    url = f"s3://k:s%2B%2F@crm-files/{tmp_path.name}?endpoint={endpoint}&region=us-east-1"
    store = storage_of(url, tmp_path)
    assert isinstance(store, Bucket)
    monkeypatch.setitem(app.extensions, "storage", store)
    return store


def lying(bucket: Bucket) -> set[str]:
    return {place for prefix in PREFIXES for place, _at in bucket.places(prefix)}


def test_a_file_of_any_size_comes_back_as_it_went(bucket: Bucket) -> None:
    for size in (0, 1, 12_000_000):
        content, place = os.urandom(size), new_place()
        bucket.write(place, io.BytesIO(content))
        assert bucket.has(place)
        assert b"".join(bucket.read(place)) == content
        bucket.remove([place])
        bucket.remove([place])
        assert not bucket.has(place)
        with pytest.raises(FileNotFoundError):
            bucket.read(place)


def test_the_life_of_a_document(system: Any, make_client: Any, bucket: Bucket) -> None:
    acme = make_client()
    with system() as session:
        document_at(acme)
        assert len(lying(bucket)) == 1
        session.rollback()
        assert not lying(bucket)
        document_at(acme)
        session.commit()
        document = session.scalars(select(Document)).one()
        stored = document.stored_file_id
        session.delete(document)
        session.flush()
        file_store.give_up([stored])
        session.commit()
        assert not lying(bucket)


def test_the_nightly_job_looks_into_the_bucket(system: Any, make_client: Any, bucket: Bucket) -> None:
    acme = make_client()
    with system() as session:
        place = document_at(acme).stored_file.place
        session.commit()
        bucket.write(new_place(), io.BytesIO(b"left behind"))
        sweep(Quiet())
        assert len(lying(bucket)) == 2
        sweep(Quiet(), timedelta(seconds=-5))
        assert lying(bucket) == {place}


def test_a_service_out_of_reach_is_told_in_our_words(
    app: Flask, system: Any, make_client: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme = make_client()
    monkeypatch.setattr("crm.services.files.storage.RETRIES", {"max_retries": 0})
    store = storage_of("s3://k:s@crm-files?endpoint=http://127.0.0.1:9&region=us-east-1", tmp_path)
    monkeypatch.setitem(app.extensions, "storage", store)
    with system() as session:
        with pytest.raises(CannotStore):
            document_at(acme)
        session.rollback()
        assert session.scalars(select(Document)).all() == []


def test_the_key_may_stand_in_the_environment(
    endpoint: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    store, place = storage_of(f"s3://crm-files?endpoint={endpoint}&region=us-east-1", tmp_path), new_place()
    store.write(place, io.BytesIO(b"x"))
    assert b"".join(store.read(place)) == b"x"
    store.remove([place])
