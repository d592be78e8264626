"""Phones: each signs in with a user's name and a key of its own, and asks as address books do."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask_appbuilder.security.sqla.models import User
from lxml import etree
from sqlalchemy import select
from werkzeug.test import TestResponse

from crm.extensions import db
from crm.security.api_keys import create_key
from crm.security.visibility import as_system

BOOK = "/crm/carddav/me/clients/"
NAMES = {"d": "DAV:", "c": "urn:ietf:params:xml:ns:carddav", "s": "http://calendarserver.org/ns/"}
SPACES = " ".join(f'xmlns:{prefix}="{space}"' for prefix, space in NAMES.items())


class Phone:
    """`phone.report(…)` gives the answer as XML; its `token` is that of the last sync."""

    def __init__(self, app: Flask, name: str, key: str):
        self.app, self.key, self.token = app, key, ""
        self.headers = {"Authorization": "Basic " + b64encode(f"{name}:{key}".encode()).decode()}

    def __call__(self, method: str, url: str = BOOK, body: str = "", **headers: str) -> TestResponse:
        browser = self.app.test_client(use_cookies=False)
        return browser.open(url, method=method, data=body, headers={**self.headers, **headers})

    def xml(self, method: str, body: str, url: str = BOOK, **headers: str) -> etree._Element:
        answer = self(method, url, body, **headers)
        assert answer.status_code == 207, (answer.status_code, answer.text)
        return etree.fromstring(answer.data)

    def propfind(self, props: str, url: str = BOOK, depth: int = 0) -> etree._Element:
        body = f"<d:propfind {SPACES}><d:prop>{props}</d:prop></d:propfind>"
        return self.xml("PROPFIND", body, url, Depth=str(depth))

    def list(self) -> dict[str, str]:
        """Address -> state of every card."""
        found = states(self.propfind("<d:getetag/>", depth=1))
        return {address: state for address, state in found.items() if address != BOOK}

    def cards(self, *addresses: str) -> dict[str, str]:
        """Address -> card, of those that are there."""
        hrefs = "".join(f"<d:href>{address}</d:href>" for address in addresses or self.list())
        body = f"<c:addressbook-multiget {SPACES}><d:prop><d:getetag/><c:address-data/></d:prop>{hrefs}"
        return texts(self.xml("REPORT", body + "</c:addressbook-multiget>"))

    def query(self, tested: str, more: str = "") -> etree._Element:
        body = f"<c:addressbook-query {SPACES}><d:prop><c:address-data/></d:prop>{tested}{more}"
        return self.xml("REPORT", body + "</c:addressbook-query>")

    def sync(self, limit: int = 0, more: str = "") -> tuple[set[str], set[str], bool]:
        """What has changed since the last time, what is gone, and whether that is all; the token is kept.

        more: further properties that are asked for.
        """
        body = f"<d:sync-collection {SPACES}><d:sync-token>{self.token}</d:sync-token><d:sync-level>1</d:sync-level>"
        body += f"<d:limit><d:nresults>{limit}</d:nresults></d:limit>" if limit else ""
        answer = self.xml("REPORT", body + f"<d:prop><d:getetag/>{more}</d:prop></d:sync-collection>")
        self.token = answer.findtext("d:sync-token", namespaces=NAMES) or ""
        failed = {
            href(one): one.findtext("d:status", "", NAMES) for one in answer.findall("d:response", NAMES)
        }
        gone = {address for address, status in failed.items() if " 404 " in status}
        is_all = " 507 " not in failed.get(BOOK, "")
        return set(states(answer)), gone, is_all


def href(response: etree._Element) -> str:
    return response.findtext("d:href", "", NAMES)


def states(answer: etree._Element) -> dict[str, str]:
    every = answer.findall("d:response[d:propstat]", NAMES)
    return {href(one): one.findtext("d:propstat/d:prop/d:getetag", "", NAMES) for one in every}


def texts(answer: etree._Element) -> dict[str, str]:
    found = {
        href(one): one.findtext("d:propstat/d:prop/c:address-data", "", NAMES)
        for one in answer.findall("d:response", NAMES)
    }
    return {address: text for address, text in found.items() if text}


@pytest.fixture
def phone(app: Flask) -> Callable[..., Phone]:
    """`phone("alice")` is a phone of Alice's."""

    def make(name: str, scopes: str | None = "carddav:read", of: Flask | None = None) -> Phone:
        with app.app_context(), as_system():
            user: Any = db.session.scalars(select(User).where(User.username == name)).one()
            key = create_key(user, "phone", scopes)
            db.session.remove()
        return Phone(of or app, name, key)

    return make
