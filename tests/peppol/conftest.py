"""A stand-in for the Peppol network beside the tests, and the CRM pointed at it."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.peppol.network import Network, settings_of


@pytest.fixture
def network(app: Flask) -> Iterator[Network]:
    with Network() as running:
        settings = settings_of(running)
        before = {name: app.config[name] for name in settings}
        app.config.update(settings)
        yield running
        app.config.update(before)
