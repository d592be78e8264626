"""A file imported in a real browser: chosen, its columns said, checked, imported, taken back."""

import io
from typing import Any

from flask import Flask
from playwright.sync_api import expect

from crm.extensions import db
from crm.security.visibility import as_system
from crm.services.importing import running
from tests.browser.test_client_form import open_box
from tests.importing.test_running import Quiet, begin

FILE = "Nazwa;E-mail;Miasto;Kolor\nZłotnik;z@x.example;Łódź;red\nBad;nothing;;\n".encode("cp1250")


def test_from_the_file_to_the_revert(open_as: Any, app: Flask, check_looks: Any) -> None:
    def work() -> None:
        with app.app_context():
            running.work_off(Quiet())

    page = open_as("office", "/crm/clients/list/")
    page.get_by_role("link", name="Import").click()
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "file.csv", "mimeType": "text/csv", "buffer": FILE}
    )
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Łódź")).to_be_visible()
    expect(page.get_by_role("combobox", name="Kolor")).to_have_count(1)
    open_box(page, "#column-3")
    page.keyboard.type("Internal")
    page.keyboard.press("Enter")
    page.get_by_role("combobox", name="Tags for all rows").press_sequentially("Fair")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Check", exact=True).click()
    expect(page.get_by_text("0 of 2 rows")).to_be_visible()
    work()
    expect(page.get_by_text("Nothing has been written.")).to_be_visible()
    expect(page.get_by_text("This is not an e-mail address.")).to_be_visible()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    work()
    expect(page.get_by_text("1 added")).to_be_visible()
    with app.app_context(), as_system():
        begin(io.BytesIO(FILE))
        db.session.remove()
    check_looks("office", "/crm/clients/import/", "/crm/clients/import/1", "/crm/clients/import/2")
    page.get_by_role("button", name="Take back").click()
    page.get_by_role("dialog").get_by_role("button", name="Take back").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    work()
    expect(page.get_by_text("Taken back")).to_be_visible()
