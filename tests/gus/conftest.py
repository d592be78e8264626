"""A stand-in for GUS beside the tests, and the CRM pointed at it."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from tests.gus.standin import KEY, StandIn

QUICK = {"turn": lambda: None, "timeout": 0.3}


@pytest.fixture
def register() -> Iterator[StandIn]:
    with StandIn().running() as server:
        yield server


@pytest.fixture
def use(app: Flask, register: StandIn) -> Iterator[Callable[..., None]]:
    """`use(key)` has the CRM look up in the stand-in, with this key or with that of its page."""
    before = {name: app.config.get(name) for name in ("GUS_API_KEY", "GUS_API_URL", "GUS_OPTIONS")}

    def point(key: str | None = KEY) -> None:
        app.config.update(GUS_API_KEY=key, GUS_API_URL=register.url, GUS_OPTIONS=QUICK)

    yield point
    app.config.update(before)
