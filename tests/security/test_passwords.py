"""Which passwords are refused."""

import pytest
from flask import Flask
from flask_appbuilder.exceptions import PasswordComplexityValidationError
from flask_babel import Babel

from crm.security.passwords import check_password


@pytest.fixture
def babel():
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        yield


@pytest.mark.parametrize("password", ["correct horse battery", "Zażółć gęślą jaźń", "k9$Lq!72mvXp"])
def test_good(babel, password):
    check_password(password)


@pytest.mark.parametrize(
    "password",
    ["", "Ab1!x", "aaaaaaaaaaaaaa", "password1234!", "Qwerty123456", "123456789012", "admin-admin-2026"],
)
def test_too_easy(babel, password):
    with pytest.raises(PasswordComplexityValidationError):
        check_password(password)
