"""Where files lie: a folder of this machine, or a bucket of any S3-compatible service. Knows no records.

A file is named by its place, a relative path, and is there as a whole or not at all.
"""

import os
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copyfileobj
from typing import IO, Any
from urllib.parse import parse_qs, unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from crm.errors import CannotStore

PORTION = 64 * 1024
RETRIES = {"max_retries": 4, "retry_timeout": timedelta(seconds=60)}
#: The beginnings of all places; each has its share of the files.
PREFIXES = tuple("0123456789abcdef")


def new_place() -> str:
    """A place that nobody else has or will have."""
    name = secrets.token_hex(20)
    return f"{name[0]}/{name}"


class Storage(ABC):
    """Raises CannotStore where the folder or the service cannot do what it should."""

    @abstractmethod
    def write(self, place: str, content: IO[bytes]) -> None:
        """Write a file, so that it is still there after a power failure."""

    @abstractmethod
    def read(self, place: str) -> Iterator[bytes]:
        """The content in portions. Raises FileNotFoundError at once where there is none."""

    @abstractmethod
    def remove(self, places: Iterable[str]) -> None:
        """Remove files; those that are not there are no error."""

    @abstractmethod
    def places(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        """(place, when it was written) of all that lies under one of PREFIXES, unfinished files too."""

    @abstractmethod
    def has(self, place: str) -> bool:
        """Whether there is a file at this place."""


class Folder(Storage):
    """Files in a folder of this machine."""

    def __init__(self, path: Path):
        self.path = path

    def write(self, place: str, content: IO[bytes]) -> None:
        target = self.path / place
        draft = target.with_name(f"{target.name}.part")
        with _no_room():
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                    copyfileobj(content, out, PORTION)
                    out.flush()
                    os.fsync(out.fileno())
                draft.rename(target)
            except BaseException:
                with suppress(OSError):
                    draft.unlink()
                raise
            for folder in (target.parent, self.path):
                _sync_folder(folder)

    def read(self, place: str) -> Iterator[bytes]:
        return _Portions(self.path / place)

    def has(self, place: str) -> bool:
        return (self.path / place).is_file()

    def remove(self, places: Iterable[str]) -> None:
        for place in places:
            with _no_room():
                (self.path / place).unlink(missing_ok=True)

    def places(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        with suppress(FileNotFoundError), os.scandir(self.path / prefix) as found:
            for entry in found:
                yield f"{prefix}/{entry.name}", datetime.fromtimestamp(entry.stat().st_mtime, UTC)


class Bucket(Storage):
    """Files in a bucket: `s3://key:secret@bucket/prefix?endpoint=https://…&region=…`.

    Key and secret may also stand in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, as with any S3 program.
    """

    def __init__(self, url: str):
        parts = urlsplit(url)
        options: dict[str, Any] = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.username:
            options["access_key_id"] = unquote(parts.username)
            options["secret_access_key"] = unquote(parts.password or "")
        self.store = S3Store(
            parts.hostname, prefix=parts.path.strip("/") or None, checksum_algorithm="sha256",
            client_options={"timeout": "60s", "connect_timeout": "5s", "allow_http": True},
            retry_config=RETRIES, **options,
        )  # fmt: skip

    def write(self, place: str, content: IO[bytes]) -> None:
        with _no_room():
            obstore.put(self.store, place, content)

    def read(self, place: str) -> Iterator[bytes]:
        with _no_room():
            found = obstore.get(self.store, place).stream(min_chunk_size=PORTION)
        return (bytes(portion) for portion in found)

    def has(self, place: str) -> bool:
        try:
            with _no_room():
                obstore.head(self.store, place)
        except FileNotFoundError:
            return False
        return True

    def remove(self, places: Iterable[str]) -> None:
        if todo := list(places):
            with _no_room(), suppress(FileNotFoundError):
                obstore.delete(self.store, todo)

    def places(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        with _no_room():
            for page in obstore.list(self.store, prefix=prefix):
                for found in page:
                    yield found["path"], found["last_modified"]


def storage_of(url: str | None, instance: Path) -> Storage:
    """The storage that the setting CRM_FILES_URL names, by default the folder `files` of the instance."""
    return Bucket(url) if url else Folder(instance / "files")


@contextmanager
def _no_room() -> Iterator[None]:
    """Say in our words that the disk is full, or the service out of reach."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, BaseError) as error:
        raise CannotStore() from error


class _Portions:
    """A file in portions: opened when the first is asked for, closed with the last or when that is enough."""

    def __init__(self, path: Path):
        path.stat()
        self.path = path
        self.file: IO[bytes] | None = None
        self.is_over = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self.is_over:
            raise StopIteration
        if self.file is None:
            self.file = self.path.open("rb")
        portion = self.file.read(PORTION)
        if len(portion) < PORTION:
            self.close()
        if not portion:
            raise StopIteration
        return portion

    def close(self) -> None:
        self.is_over = True
        if self.file is not None:
            self.file.close()


def _sync_folder(folder: Path) -> None:
    """Make a rename last: it is written with the folder, not with the file."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
