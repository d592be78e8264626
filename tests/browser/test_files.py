"""Files dragged onto a client's card, chosen by keyboard or on a phone, with progress and plain words."""

import io
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, Route, expect

from crm.models import Client, Document
from crm.services.clients import id_images
from crm.services.files import store as file_store
from crm.services.files import uploads

DROP = """([files, type]) => {
  const transfer = new DataTransfer();
  for (const [name, content] of files) transfer.items.add(new File([content], name));
  for (const each of type) document.body.dispatchEvent(
    new DragEvent(each, {dataTransfer: transfer, bubbles: true, cancelable: true}));
}"""


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (300, 190), "#7a8").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def acme(make_client: Any) -> int:
    return make_client("Acme", assignees=["alice"], email="info@acme.example")


@pytest.fixture
def filled(acme: int, system: Any) -> int:
    """A client with a text, a picture and both sides of an ID card."""
    with system() as session:
        client = session.get(Client, acme)
        for name, content in (("A rather long name of a contract.txt", b"Hello"), ("ring.png", picture())):
            document = Document(client=client, name=name, category="contract")
            document.stored_file = file_store.keep(uploads.prepare(io.BytesIO(content), name))
            session.add(document)
        for side in ("front", "back"):
            upload = uploads.prepare(io.BytesIO(picture()), "card.png")
            id_images.add(client, side, upload, id_images.last_day())
        session.commit()
    return acme


def test_files_are_dragged_onto_the_card(open_as: Any, acme: int, axe: Any) -> None:
    page: Page = open_as("alice", f"/crm/clients/show/{acme}")
    files = [["prices.csv", "a;b"], ["evil.svg", "<svg/>"]]
    page.evaluate(DROP, [files, ["dragenter", "dragover"]])
    expect(page.get_by_text("Drop the files to add them to Acme")).to_be_visible()

    held: list[Route] = []
    page.route("**/api/v1/documents/", lambda route: route.continue_() if held else held.append(route))
    page.evaluate(DROP, [files, ["drop"]])
    expect(page.get_by_text("Drop the files to add them to Acme")).to_be_hidden()
    expect(page.get_by_role("progressbar", name="prices.csv")).to_be_visible()
    expect(page.get_by_role("progressbar", name="evil.svg")).to_be_visible()
    assert axe(page) == []
    held[0].continue_()

    documents = page.get_by_role("region", name="Documents")
    expect(documents.get_by_role("link", name="prices.csv", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Files")).to_have_attribute("aria-current", "page")
    waiting = page.get_by_role("list", name="Files on their way")
    expect(waiting).to_contain_text("“evil.svg” is not a kind of file that is taken")
    expect(waiting.get_by_role("progressbar")).to_have_count(0)
    assert axe(page) == []
    waiting.get_by_role("button", name="Cancel").click()
    expect(waiting.get_by_role("listitem")).to_have_count(0)


def test_what_somebody_is_typing_is_not_lost(open_as: Any, acme: int) -> None:
    page: Page = open_as("alice", f"/crm/clients/show/{acme}")
    page.get_by_label("Write a note").fill("Half a sentence")
    page.evaluate(DROP, [[["prices.csv", "a;b"]], ["drop"]])
    expect(page.get_by_text("Files added: 1").first).to_be_visible()
    expect(page.get_by_label("Write a note")).to_have_value("Half a sentence")


def test_a_file_that_is_too_large_is_not_even_sent(open_as: Any, acme: int) -> None:
    page: Page = open_as("alice", f"/crm/clients/show/{acme}")
    page.evaluate("""() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(26 * 1024 * 1024)], "large.pdf"));
      document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: transfer, bubbles: true}));
    }""")
    expect(page.get_by_text("Too large: a file has at most 25 MB.", exact=True)).to_be_visible()


@pytest.mark.parametrize("phone", [False, True], ids=["wide", "phone"])
def test_files_are_chosen(open_as: Any, acme: int, phone: bool) -> None:
    page: Page = open_as("alice", f"/crm/clients/show/{acme}?tab=files", phone=phone)
    chooser = page.get_by_label("Choose files")
    chooser.focus()
    chooser.set_input_files([{"name": "ring.png", "mimeType": "image/png", "buffer": picture()}])
    row = page.get_by_role("listitem").filter(has_text="ring.png")
    expect(row.get_by_role("link", name="Download: ring.png")).to_be_visible()
    shown = row.locator("img")
    expect(shown).to_be_visible()
    page.wait_for_function("img => img.complete && img.naturalWidth > 0", arg=shown.element_handle())
    with page.expect_download() as download:
        row.get_by_role("link", name="Download: ring.png").click()
    assert download.value.suggested_filename == "ring.png"


def test_the_pages_are_for_everybody(check_looks: Any, filled: int) -> None:
    check_looks(
        "office", f"/crm/clients/show/{filled}", f"/crm/clients/show/{filled}?tab=files", "/crm/documents/list/",
        f"/crm/documents/add?client={filled}", "/crm/documents/show/2", "/crm/documents/edit/2",
        f"/crm/id-images/add/{filled}",
    )  # fmt: skip


def test_an_id_card_is_looked_at(open_as: Any, filled: int) -> None:
    page: Page = open_as("office", f"/crm/clients/show/{filled}")
    card = page.get_by_role("region", name="ID card")
    front = card.get_by_role("img", name="ID card: Front")
    front.scroll_into_view_if_needed()
    page.wait_for_function("img => img.complete && img.naturalWidth > 0", arg=front.element_handle())
    with page.context.expect_page() as opened:
        front.click()
    expect(opened.value.locator("img")).to_have_count(1)
    card.get_by_role("button", name="Delete").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(card.get_by_role("img")).to_have_count(1)
