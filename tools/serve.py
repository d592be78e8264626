"""Web server and worker together, as `make run` starts them: until Ctrl-C, or until one of them ends.

python -m tools.serve            brings the database up to date and serves it
python -m tools.serve --demo     with demo data, when the database is empty and nobody else can reach it
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from flask.cli import load_dotenv

import config

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 30  # seconds that a child may take to finish what it is doing


def main(arguments: list[str]) -> int:
    load_dotenv()
    settings = config.load(os.environ)
    refuse_taken_port(settings["CRM_HOST"], settings["CRM_PORT"])
    return Children().run(settings, arguments)


class Children:
    """The two processes. They stay in this one's process group, so a signal to the group reaches all."""

    def __init__(self) -> None:
        self.running: list[subprocess.Popen[bytes]] = []
        self.asked_to_stop = False

    def run(self, settings: dict, arguments: list[str]) -> int:
        """Starts both, waits, stops both; the exit code of the one that ended by itself, else 0."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.ask_to_stop)
        try:
            # the worker waits: the web process brings the database up to date first
            self.start("tools.web", *arguments)
            if self.wait_until_open(settings["CRM_HOST"], settings["CRM_PORT"]):
                print(f"\nThe CRM is on {settings['CRM_URL']}   (Ctrl-C ends it)", flush=True)
                self.start("flask", "--app", "app", "crm", "worker")
            while not self.asked_to_stop and self.all_running():
                time.sleep(0.2)
            return 0 if self.asked_to_stop else self.code_of_ended()
        finally:
            self.stop()

    def ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.asked_to_stop = True

    def start(self, module: str, *arguments: str) -> None:
        command = [sys.executable, "-m", module, *arguments]
        self.running.append(subprocess.Popen(command, cwd=ROOT, preexec_fn=deaf_to_interrupts))

    def all_running(self) -> bool:
        return all(child.poll() is None for child in self.running)

    def code_of_ended(self) -> int:
        code = next(child.returncode for child in self.running if child.returncode is not None)
        return code if code > 0 else 1

    def wait_until_open(self, host: str, port: int) -> bool:
        """True when the web server answers, False when it ended or everything shall end."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        while not self.asked_to_stop and self.all_running():
            try:
                socket.create_connection((host, port), timeout=1).close()
                return True
            except OSError:
                time.sleep(0.05)
        return False

    def stop(self) -> None:
        """After Ctrl-C the children have the signal already; whoever has not gets it from here."""
        self.wait(1)
        for child in self.running:
            if child.poll() is None:
                child.terminate()
        self.wait(PATIENCE)
        for child in self.running:
            if child.poll() is None:
                child.kill()
                child.wait()

    def wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and any(child.poll() is None for child in self.running):
            time.sleep(0.05)


def deaf_to_interrupts() -> None:
    """Until the child listens by itself: Ctrl-C while it is still importing would end in a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def refuse_taken_port(host: str, port: int) -> None:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        sys.exit(f"{host}:{port} cannot be listened on ({reason}); choose another with CRM_PORT or CRM_HOST.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
