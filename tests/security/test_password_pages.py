"""A new password of one's own takes the present one; an Admin gives others theirs without it."""

NEW = "correct horse battery"
MINE, OTHERS = "/resetmypassword/form", "/resetpassword/form"


def signs_in(app, name, password):
    answer = app.test_client().post("/login/", data={"username": name, "password": password})
    return answer.status_code == 302 and "/login" not in answer.location


def test_one_changes_the_own_password_by_knowing_it(app, sign_in):
    sent = {"present": "demo", "password": NEW, "conf_password": NEW}
    assert sign_in("alice").post(MINE, data=sent).status_code == 302
    assert signs_in(app, "alice", NEW) and not signs_in(app, "alice", "demo")


def test_nobody_else_does(app, sign_in):
    answer = sign_in("alice").post(MINE, data={"present": "guess", "password": NEW, "conf_password": NEW})
    assert "This is not your present password." in answer.text
    assert signs_in(app, "alice", "demo")


def test_a_weak_or_mistyped_password_is_refused_at_its_field(app, sign_in):
    answer = sign_in("alice").post(MINE, data={"present": "demo", "password": "1", "conf_password": "2"})
    assert "Use at least 12 characters" in answer.text and "The two passwords differ." in answer.text
    assert signs_in(app, "alice", "demo")


def test_an_admin_gives_another_a_password_and_a_rep_does_not(app, sign_in, people):
    sent = {"password": NEW, "conf_password": NEW}
    assert sign_in("alice").post(f"{OTHERS}?pk={people['bob']}", data=sent).status_code == 403
    assert signs_in(app, "bob", "demo")
    assert sign_in("admin").post(f"{OTHERS}?pk={people['bob']}", data=sent).status_code == 302
    assert signs_in(app, "bob", NEW)
