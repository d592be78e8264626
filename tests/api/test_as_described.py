"""What schemathesis makes of the description: every answer is one that it announces, and none is a 5xx."""

from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, openapi
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from crm.demo.generate import make_demo

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
#: Names of what is a row's number: most random ones lead nowhere.
NUMBERS = (
    "pk",
    "client",
    "contact",
    "source_id",
    "target_id",
    "company_id",
    "project",
    "task_list",
    "ticket",
)


def test_every_answer_is_announced(app: Flask, make_key: Any, system: Any) -> None:
    ask_all_sorts(app, make_key, system, 60)


@pytest.mark.slow
@pytest.mark.both_engines
def test_every_answer_of_thousands_is(app: Flask, make_key: Any, system: Any) -> None:
    ask_all_sorts(app, make_key, system, 5000)


def ask_all_sorts(app: Flask, make_key: Any, system: Any, calls: int) -> None:
    with system():
        make_demo(20, 1)
    headers = {"Authorization": f"Bearer {make_key('admin')}"}
    schema = openapi.from_wsgi("/api/v1/_openapi", app, headers=headers)
    operations = [found.ok() for found in schema.get_all_operations()]
    cases = [one.as_strategy(generation_mode=mode) for one in operations for mode in GenerationMode]

    @settings(max_examples=calls, deadline=None, database=None, derandomize=calls < 1000,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(
        case=st.one_of(cases),
        numbers=st.lists(st.integers(1, 9), min_size=len(NUMBERS), max_size=len(NUMBERS)),
    )
    def ask(case: Case, numbers: list[int]) -> None:
        for name, number in zip(NUMBERS, numbers, strict=True):
            for place in (case.path_parameters, case.query, case.body):
                if isinstance(place, dict) and isinstance(place.get(name), int):
                    place[name] = number
        case.validate_response(case.call(headers=headers), checks=CHECKS)

    ask()
