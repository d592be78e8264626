"""A stand-in for the white list beside the tests, and the CRM pointed at it."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.white_list.standin import StandIn


@pytest.fixture
def register() -> Iterator[StandIn]:
    with StandIn().running() as server:
        yield server


@pytest.fixture
def used(app: Flask, register: StandIn) -> Iterator[StandIn]:
    """The CRM asks the stand-in."""
    before = app.config.get("WHITE_LIST_API_URL")
    app.config["WHITE_LIST_API_URL"] = register.url
    yield register
    app.config["WHITE_LIST_API_URL"] = before
