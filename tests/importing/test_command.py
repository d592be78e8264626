"""`flask crm import`: the counts are the last line, the exit code says whether every row was taken."""

import json
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from crm.extensions import db
from crm.models import Client, ImportRun
from crm.models.import_run import RUNNING
from crm.security.visibility import as_system

FILE = "Name,E-mail,Mystery\nOne,one@x.example,a\nBad,nothing,b\nTwo,two@x.example,c\n"


def test_the_command(app: Flask, tmp_path: Path) -> None:
    file, mapping = tmp_path / "file.csv", tmp_path / "mapping.json"
    file.write_text(FILE)
    mapping.write_text(json.dumps({"Name": "name", "E-mail": "email", "Mystery": "notes"}))
    run = app.test_cli_runner().invoke
    args = ["crm", "import", str(file), "--mapping", str(mapping)]
    answer = run(args=[*args, "--dry-run"])
    assert (answer.exit_code, answer.stdout.splitlines()[-1]) == (
        1, "created=2 updated=0 unchanged=0 skipped=0 refused=1"
    )  # fmt: skip
    assert "Row 3: Bad: E-mail" in answer.stderr
    file.write_text(FILE.replace("nothing", "bad@x.example"))
    answer = run(args=[*args, "--user", "office"])
    assert answer.exit_code == 0 and answer.stdout.startswith("created=3")
    assert run(args=[*args, "--on-duplicate", "skip"]).stdout.split()[3] == "skipped=3"
    # one that was cut off goes on, and is not begun a second time
    with app.app_context(), as_system():
        assert db.session.scalar(select(Client.notes).where(Client.name == "Two")) == "c"
        cut_off = next(one for one in db.session.scalars(select(ImportRun)) if one.counts.get("created") == 3)
        cut_off.state, number = RUNNING, cut_off.id
        db.session.commit()
        db.session.remove()
    answer = run(args=[*args, "--user", "office"])
    assert answer.stdout.startswith("created=3 ")
    with app.app_context():
        assert db.session.get_one(ImportRun, number).state == "done"
        assert db.session.query(ImportRun).count() == 3
    for wrong in (["--mapping", "nope"], ["--user", "nobody"], ["--user", "alice"], ["--record", "invoice"]):
        answer = run(args=["crm", "import", str(file), *wrong])
        assert answer.exit_code == 1 and len(answer.stderr or str(answer.exception)) > 10, wrong
