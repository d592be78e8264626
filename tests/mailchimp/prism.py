"""Stoplight Prism as an independent judge of requests and answers; None where it cannot be had."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.machine import node

ROOT = Path(__file__).resolve().parents[2]
OFFICIAL = ROOT / "tests/specs/mailchimp-marketing.json"
STRICT = ROOT / "tests/specs/mailchimp-marketing.strict.json"


def find_prism() -> str | None:
    local = ROOT / "node_modules/.bin/prism"
    found = os.environ.get("PRISM") or (str(local) if local.exists() else None)
    return found if found and node() else None


@contextlib.contextmanager
def prism(*arguments: str) -> Iterator[str]:
    """Prism's address while it runs; skips the test, in one line, where there is no Prism."""
    program = find_prism()
    if not program:
        pytest.skip("Mailchimp requests not judged by Prism: node_modules/.bin/prism is missing")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(node()), program, *arguments[:1], "-h", "127.0.0.1", "-p", str(port), *arguments[1:]]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 60
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"Prism did not start: {' '.join(command)}")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
