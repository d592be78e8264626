"""What 1,000 clients in one upsert cost: added, changed, and sent once more as they are.

    python -m bench.upsert [--rows N] [--url postgresql+psycopg://…]

Uses a database of its own: a temporary SQLite file, or the empty one at the URL; `--rows` clients are there before.
"""

import time
from typing import Any

from bench._own import arguments, own_crm
from crm.security.api_keys import create_key
from crm.security.visibility import as_system
from crm.services.users import add_user

URL = "/crm/clients/upsert.json"


def rows(batch: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {"external_id": f"{batch}-{n}",
         "client": {"name": f"Client {batch} {n}", "email": f"c{batch}.{n}@x.example", "phone": f"600 {n:06}",
                    "tags": "all,some", "billing": {"city": "Łódź", "country": "PL"}, **more}}
        for n in range(1000)
    ]  # fmt: skip


def main() -> None:
    asked = arguments(__doc__, 0).parse_args()
    with own_crm(asked, asked.rows) as app:
        with app.app_context(), as_system():
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
