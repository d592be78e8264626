"""A session ends when its user signs out, takes a new password or is switched off; copied cookies with it."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from flask_appbuilder.security.sqla.models import User
from sqlalchemy import select

from crm.extensions import db
from crm.services.users import hash_password

COOKIE = "session"


def copy_of(browser: FlaskClient, app: Flask) -> FlaskClient:
    """Another browser with the same cookie."""
    other = app.test_client()
    other.set_cookie(COOKIE, browser.get_cookie(COOKIE).value)
    return other


def is_in(browser: FlaskClient) -> bool:
    return browser.get("/").status_code == 200


def test_signing_out_ends_the_session(app: Flask, sign_in: Any) -> None:
    alice, elsewhere = sign_in("alice"), sign_in("alice")
    stolen = copy_of(alice, app)
    assert is_in(stolen)
    assert alice.get("/logout/").status_code == 405
    assert alice.post("/logout/").status_code == 302
    assert not is_in(alice)
    assert not is_in(stolen)
    assert is_in(elsewhere)


def test_a_new_password_ends_all_other_sessions(app: Flask, sign_in: Any) -> None:
    alice, elsewhere = sign_in("alice"), sign_in("alice")
    new = "correct horse battery"
    form = {"present": "demo", "password": new, "conf_password": new}
    assert alice.post("/resetmypassword/form", data=form).status_code == 302
    assert is_in(alice)
    assert not is_in(elsewhere)


def test_somebody_elses_new_hash_ends_the_session(app: Flask, sign_in: Any) -> None:
    alice = sign_in("alice")
    with app.app_context():
        db.session.scalars(select(User).where(User.username == "alice")).one().password = hash_password("x")
        db.session.commit()
    assert not is_in(alice)


def test_a_user_switched_off_is_out(app: Flask, sign_in: Any) -> None:
    alice = sign_in("alice")
    with app.app_context():
        db.session.scalars(select(User).where(User.username == "alice")).one().active = False
        db.session.commit()
    assert not is_in(alice)
    answer = app.test_client().post("/login/", data={"username": "alice", "password": "demo"})
    assert "/login/" in answer.location
