"""How long a phone's questions take with 100,000 clients: of a user who sees ten thousand, and of one who sees all.

python -m bench.carddav [--rows N] [--url postgresql+psycopg://…]
"""

import statistics
import time
from base64 import b64encode

from flask import Flask
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import insert, select

from bench._own import arguments, own_crm
from crm.models import ClientAssignee
from crm.security.api_keys import create_key
from crm.security.visibility import as_system
from crm.services.users import add_user

BOOK = "/crm/carddav/me/clients/"
SPACES = 'xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav" xmlns:s="http://calendarserver.org/ns/"'
FIND = "<d:propfind {}><d:prop>{}</d:prop></d:propfind>"
GET = "<c:addressbook-multiget {}><d:prop><d:getetag/><c:address-data/></d:prop>{}</c:addressbook-multiget>"
SYNC = (
    "<d:sync-collection {}><d:sync-token>{}</d:sync-token><d:prop><d:getetag/></d:prop></d:sync-collection>"
)
QUERY = (
    '<c:addressbook-query {}><d:prop><d:getetag/></d:prop><c:filter><c:prop-filter name="FN"><c:text-match>nowak'
    "</c:text-match></c:prop-filter></c:filter></c:addressbook-query>"
)


def main() -> None:
    asked = arguments(__doc__).parse_args()
    with own_crm(asked, asked.rows) as app:
        with app.app_context(), as_system() as session:
            if session.scalar(select(User.id).where(User.username == "dora")) is None:
                dora = add_user("dora", "Sales rep", "demo", "Ten thousand").id
                # every tenth, so that they lie scattered as somebody's clients do
                rows = [
                    {"client_id": 10 * n, "user_id": dora, "position": 9}
                    for n in range(1, asked.rows // 10 + 1)
                ]
                session.connection().execute(insert(ClientAssignee.__table__), rows)
                session.commit()
        for name in ("dora", "alice", "office"):
            measure(app, name)


def measure(app: Flask, name: str) -> None:
    with app.app_context(), as_system() as session:
        user = session.scalars(select(User).where(User.username == name)).one()
        key = create_key(user, "bench", "carddav:read")
        session.remove()
    signed = {"Authorization": "Basic " + b64encode(f"{name}:{key}".encode()).decode()}

    def ask(method: str, body: str, times: int = 7, **headers: str) -> str:
        browser, spent = app.test_client(use_cookies=False), []
        for _ in range(times):
            begin = time.process_time()
            answer = browser.open(BOOK, method=method, data=body, headers={**signed, **headers})
            text = answer.text
            spent.append(time.process_time() - begin)
            assert answer.status_code == 207, text
        cpu = statistics.median(spent) * 1000
        return f"{cpu:8.0f} ms {len(text) / 1024:9,.0f} KB", text

    listed, text = ask("PROPFIND", FIND.format(SPACES, "<d:getetag/><d:getcontenttype/>"), 3, Depth="1")
    addresses = text.split("<D:href>")[2:]
    some = "".join(f"<d:href>{one.split('<')[0]}</d:href>" for one in addresses[:100])
    print(f"\n{name}: {len(addresses):,} cards")
    print(f"{'state of the book':<28}{ask('PROPFIND', FIND.format(SPACES, '<s:getctag/>'))[0]}")
    print(f"{'list of all cards':<28}{listed}")
    first, text = ask("REPORT", SYNC.format(SPACES, ""), 3)
    token = text.rpartition("<D:sync-token>")[2].partition("<")[0]
    print(f"{'first sync':<28}{first}")
    print(f"{'sync, nothing changed':<28}{ask('REPORT', SYNC.format(SPACES, token))[0]}")
    print(f"{'100 cards':<28}{ask('REPORT', GET.format(SPACES, some))[0]}")
    print(f"{'all cards by a filter':<28}{ask('REPORT', QUERY.format(SPACES), 1)[0]}")


if __name__ == "__main__":
    main()
