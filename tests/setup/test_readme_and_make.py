"""The set-up: locks, what may be committed, and a first start on a bare machine."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import config
from tests.running import running
from tools import bootstrap
from tools.machine import ROOT

REGISTRIES = re.compile(rb"https?://[a-z.-]*(npmj|pypi|pythonh|debian)[a-z]*[.](org|com)")
ADDRESS = re.compile(r"(https?|git|ssh)(\+\w+)?://")
VENDORED = re.compile(r"\.min\.(js|css)$|(^|/)(vendor|node_modules)/")


def tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in names.decode().split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("name", bootstrap.LOCKS)
def test_python_locks_have_hashes_and_no_addresses(name):
    lock = (ROOT / f"requirements/{name}.txt").read_text()
    entries = re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n", "", lock).strip())
    assert entries
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert not ADDRESS.search(lock)


def test_python_locks_agree():
    """One version of a package, whichever set it comes with."""
    pins = {
        name: dict(re.findall(r"(?m)^([\w.-]+)==(\S+)", (ROOT / f"requirements/{name}.txt").read_text()))
        for name in ("app", "test")
    }
    assert pins["app"].items() <= pins["test"].items()


def test_npm_lock_has_hashes_and_no_addresses():
    text = (ROOT / "package-lock.json").read_text()
    lock = json.loads(text)
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert [name for name, package in packages.items() if "integrity" not in package] == []
    assert not ADDRESS.search(text)
    wanted = json.loads((ROOT / "package.json").read_text())
    assert lock["packages"][""]["dependencies"] == wanted["dependencies"]
    assert lock["packages"][""]["devDependencies"] == wanted["devDependencies"]


def test_no_registry_is_named_in_committed_files():
    assert [file for file in tracked() if REGISTRIES.search(file.read_bytes())] == []


def test_nothing_of_third_parties_is_committed():
    assert [file for file in tracked() if VENDORED.search(file.relative_to(ROOT).as_posix())] == []


def test_readme_lists_every_setting():
    rows = re.findall(r"(?m)^\| `([A-Z_]+)` \| (.+?) \|", (ROOT / "README.md").read_text())
    assert dict(rows) == {setting.name: setting.about for setting in config.SETTINGS}


def test_documents_name_only_commands_and_settings_that_exist(app):
    known = {setting.name for setting in config.SETTINGS}
    for file in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        text = file.read_text()
        assert (
            set(re.findall(r"`((?:CRM|GUS|MAILCHIMP|PEPPOL|VIES|WHITE_LIST)_[A-Z_]+)\b", text)) - known
            == set()
        ), file
        for line in re.findall(r"flask crm ([a-z][^`\n]*)", text):
            words, command = line.split(), app.cli.commands["crm"]
            while hasattr(command, "commands"):
                assert words and words[0] in command.commands, (file, line)
                command = command.commands[words.pop(0)]
            options = {name for one in command.params for name in one.opts}
            assert {word for word in words if word.startswith("--")} - options == set(), (file, line)


def test_make_help_lists_every_target_of_the_contract():
    text = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    listed = {line.split()[1] for line in text.splitlines() if line.startswith("make ")}
    assert {"run", "test", "setup", "sure", "bench", "lock", "help"} <= listed


def test_second_set_up_does_nothing(monkeypatch):
    if not (bootstrap.STAMPS / "node-test").exists():
        pytest.skip("set up without make")
    monkeypatch.setattr(bootstrap, "run", lambda *command: pytest.fail(f"ran {command}"))
    monkeypatch.setattr(bootstrap, "succeeds", lambda *command, **options: pytest.fail(f"ran {command}"))
    bootstrap.python_packages("test")
    bootstrap.browser_libraries("test")
    bootstrap.python_packages("app")
    bootstrap.browser_libraries("app")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "CRM_DATABSE_URL",
            "x",
            "CRM_DATABSE_URL is not a setting of the CRM; did you mean CRM_DATABASE_URL?",
        ),
        ("CRM_PORT", "eighty", "CRM_PORT must be a whole number from 1 to 65535."),
    ],
)
def test_a_wrong_setting_stops_the_command_line(tmp_path, name, value, message):
    environment = {"PATH": os.environ["PATH"], "CRM_INSTANCE": str(tmp_path), name: value}
    flask = [sys.executable, "-m", "flask", "crm", "init"]
    ended = subprocess.run(flask, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ended.returncode != 0
    assert ended.stderr.strip().splitlines()[-1] == message


# --- a bare machine -----------------------------------------------------------------------------------

BARE = ("sh", "bash", "make", "sed", "uname")


@pytest.mark.slow
@pytest.mark.parametrize("node", [True, False], ids=["with-node", "without-node"])
def test_fresh_clone_runs_on_a_bare_machine(tmp_path, node):
    """Everything from nothing; then a second start, which has nothing to set up."""
    if node and not shutil.which("npm"):
        pytest.skip("no node here")
    clone, environment = bare_machine(tmp_path, ("node", "npm") if node else ())
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    make_run = ("make", "run")
    with running(make_run, clone, environment, tmp_path / "first.log", patience=600) as first:
        os.killpg(first.process.pid, signal.SIGTERM)
        assert first.ended()
    with running(make_run, clone, environment, tmp_path / "second.log") as second:
        assert "[setup]" in first.output() and "[setup]" not in second.output()
        assert second.seconds < first.seconds


def bare_machine(folder: Path, also: tuple[str, ...]) -> tuple[Path, dict[str, str]]:
    path = folder / "bin"
    path.mkdir()
    for program in (*BARE, *also):
        (path / program).symlink_to(Path(str(shutil.which(program))))
    python = Path(sys.base_prefix) / "bin/python3"
    (path / "python3").write_text(f'#!/bin/sh\nexec {python} "$@"\n')
    (path / "python3").chmod(0o755)
    (folder / "home").mkdir()
    return folder / "clone", {"PATH": str(path), "HOME": str(folder / "home")}
