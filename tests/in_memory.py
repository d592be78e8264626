"""The tests' files lie in memory where there is room: copying a PostgreSQL database takes a twentieth of the time.

Where there is not (macOS, a container with the usual 64 MB), or where TMPDIR says where to put them, they lie
in the ordinary temporary folder.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ENOUGH = 3 * 2**30
PREFIX = "crm-tests-"


def folder() -> str:
    """Where temporary files of this process lie, for the processes it starts; all go when it ends."""
    if "TMPDIR" not in os.environ and has_room():
        forget_the_dead()
        mine = MEMORY / f"{PREFIX}{os.getpid()}"
        mine.mkdir(exist_ok=True)
        mine.chmod(0o711)  # PostgreSQL runs as somebody else where the tests are root's
        atexit.register(shutil.rmtree, mine, ignore_errors=True)
        tempfile.tempdir = str(mine)
    return tempfile.gettempdir()


def has_room() -> bool:
    if not os.access(MEMORY, os.W_OK):
        return False
    room = os.statvfs(MEMORY)
    return room.f_bavail * room.f_frsize >= ENOUGH and not room.f_flag & os.ST_NOEXEC


def forget_the_dead() -> None:
    """What runs left that were killed would take memory until the machine starts anew."""
    for left in MEMORY.glob(f"{PREFIX}*"):
        if not Path("/proc", left.name.removeprefix(PREFIX)).exists():
            shutil.rmtree(left, ignore_errors=True)
