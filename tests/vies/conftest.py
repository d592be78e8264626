"""A stand-in for VIES beside the tests, and the CRM pointed at it."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.vies.standin import StandIn

QUICK = {"turn": lambda country: True, "sleep": lambda seconds: None, "seconds": 4}


@pytest.fixture
def vies() -> Iterator[StandIn]:
    with StandIn().running() as server:
        yield server


@pytest.fixture
def used(app: Flask, vies: StandIn) -> Iterator[StandIn]:
    """The CRM asks the stand-in."""
    before = {name: app.config.get(name) for name in ("VIES_API_URL", "VIES_OPTIONS")}
    app.config.update(VIES_API_URL=vies.url, VIES_OPTIONS=QUICK)
    yield vies
    app.config.update(before)
