"""The program as people start it, in processes of its own."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass
class Running:
    """A program that answers on `port`; all its processes are one group."""

    process: subprocess.Popen
    port: int
    log: Path
    seconds: float = 0.0  # until it answered

    def output(self) -> str:
        return self.log.read_text()

    def members(self) -> dict[int, str]:
        """Command lines of the group's processes, by process number."""
        listing = subprocess.run(
            ["ps", "-eo", "pid,pgid,stat,args"], capture_output=True, text=True, check=True
        )
        rows = [line.split(None, 3) for line in listing.stdout.splitlines()[1:]]
        return {
            int(pid): args
            for pid, group, stat, args in rows
            if int(group) == self.process.pid and stat[0] != "Z"
        }

    def ended(self, seconds: float = 20) -> bool:
        """True once no process of the group is left."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None and not self.members():
                return True
            time.sleep(0.1)
        return False


@contextmanager
def running(
    command: Sequence[str], folder: Path, environment: dict[str, str], log: Path, patience: float = 60
) -> Iterator[Running]:
    """Starts `command`, waits for /healthz, and afterwards ends what is left of it."""
    port = free_port()
    environment = {**environment, "CRM_PORT": str(port)}
    begin = time.monotonic()
    with log.open("w") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=out, stderr=out, start_new_session=True
        )
    program = Running(process, port, log)
    try:
        while not healthy(port):
            if process.poll() is not None or time.monotonic() - begin > patience:
                pytest.fail(f"{' '.join(command)} did not answer:\n{program.output()}")
            time.sleep(0.05)
        program.seconds = time.monotonic() - begin
        yield program
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if not program.ended(0.2):
                os.killpg(process.pid, number)
                program.ended(20)


def healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
