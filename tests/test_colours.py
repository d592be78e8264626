"""Colours chosen by users reach pages as a stylesheet, with text that can be read on them."""

from hypothesis import given
from hypothesis import strategies as st

from crm.models import Status, Tag
from crm.views.colours import ENOUGH, contrast, readable

colours = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


def test_contrast_as_wcag_has_it():
    assert round(contrast("#000000", "#ffffff"), 1) == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


@given(colours, colours)
def test_text_can_always_be_read(background, wanted):
    assert contrast(background, readable(background, wanted)) >= ENOUGH


def test_stylesheet_of_statuses_and_tags(sign_in, system):
    with system() as session:
        session.add(Tag(name="Key", colour="#102030"))
        session.query(Status).filter_by(code="vip").one().background = "#fef3c7"
        session.commit()
        tag, vip = session.query(Tag).one().id, session.query(Status).filter_by(code="vip").one().id
    answer = sign_in("vera").get("/crm/colours.css")
    assert answer.mimetype == "text/css"
    assert f".colour-tag-{tag}{{--badge-back:#102030;--badge-text:#ffffff}}" in answer.text
    assert f".colour-status-{vip}{{--badge-back:#fef3c7;" in answer.text


def test_asked_again_only_after_a_change(sign_in, system):
    browser = sign_in("vera")
    known = {"If-None-Match": browser.get("/crm/colours.css").headers["ETag"]}
    assert browser.get("/crm/colours.css", headers=known).status_code == 304
    with system() as session:
        session.add(Tag(name="Key", colour="#102030"))
        session.commit()
    assert browser.get("/crm/colours.css", headers=known).status_code == 200


def test_no_colour_can_carry_other_css(sign_in, system):
    with system() as session:
        session.add(Tag(name="Key", colour="#102030"))
        session.flush()
        session.connection().execute(Tag.__table__.update().values(colour="red}*{"))
        session.commit()
    assert "red" not in sign_in("vera").get("/crm/colours.css").text


def test_signed_out_nothing(app):
    assert app.test_client().get("/crm/colours.css").status_code in (302, 401)
