"""What 1,000 clients in one upsert cost: added, changed, and sent once more as they are.

    python bench/upsert.py [--clients N] [--url postgresql+psycopg://…]

Uses a database of its own: a temporary SQLite file, or the empty one at the URL; `--clients` are there before.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

URL = "/crm/clients/upsert.json"


def rows(batch: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {"external_id": f"{batch}-{n}",
         "client": {"name": f"Client {batch} {n}", "email": f"c{batch}.{n}@x.example", "phone": f"600 {n:06}",
                    "tags": "all,some", "billing": {"city": "Łódź", "country": "PL"}, **more}}
        for n in range(1000)
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=0)
    parser.add_argument("--url", default="")
    options = parser.parse_args()
    os.environ["CRM_INSTANCE"] = tempfile.mkdtemp()
    if options.url:
        os.environ["CRM_DATABASE_URL"] = options.url

    from app import app
    from crm.demo.generate import make_demo
    from crm.security.api_keys import create_key
    from crm.security.visibility import as_system
    from crm.services.setup import initialise
    from crm.services.users import add_user

    with app.app_context(), as_system():
        initialise()
        if options.clients:
            make_demo(options.clients, 1)
        key = create_key(add_user("shop", "Office admin", "a long password 1"), "bench")
    caller, headers = app.test_client(use_cookies=False), {"Authorization": f"Bearer {key}"}

    def call(what: str, clients: list[dict[str, Any]]) -> None:
        cpu, wall = time.process_time(), time.perf_counter()
        answer = caller.post(URL, json={"clients": clients}, headers=headers)
        assert not any("errors" in one for one in answer.json["results"]), answer.text[:500]
        print(f"{what}: {time.process_time() - cpu:.2f} s of CPU, {time.perf_counter() - wall:.2f} s")

    for batch in range(3):
        call("1,000 added", rows(batch))
        call("1,000 changed", rows(batch, notes="changed", tags="all,other"))
        call("1,000 as they are", rows(batch, notes="changed", tags="all,other"))


if __name__ == "__main__":
    main()
