"""What an admin does with tags: merging two, deleting one that clients and contacts have."""

from flask_babel import gettext as _
from sqlalchemy import func, select

from crm.errors import RuleError
from crm.extensions import db
from crm.models import Client, ClientTag, ContactTag, Tag
from crm.services.history import bulk
from crm.services.history import log as history
from crm.services.timeline import following

#: The tables of tags on things, with the column that names the thing.
LINKS = ((ClientTag.__table__, "client_id"), (ContactTag.__table__, "contact_id"))


def counts() -> tuple[dict[int, int], dict[int, int]]:
    """How many clients on default lists have a tag, and how many contacts of such: by the tag's id."""
    clients, contacts = (
        select(link.tag_id, func.count(link.id))
        .join(Client, Client.id == link.client_id)
        .where(Client.archived_at.is_(None))
        .group_by(link.tag_id)
        for link in (ClientTag, ContactTag)
    )
    return dict(db.session.execute(clients).all()), dict(db.session.execute(contacts).all())


def merge_tags(source: Tag, target: Tag) -> None:
    """Give the clients and contacts of one tag the other, and delete the first. The caller commits."""
    if source.id == target.id:
        raise RuleError(_("Choose another tag."), field="target")
    db.session.refresh(source, with_for_update=True)  # nobody is given it meanwhile
    with history.operation("tags", tag=source.name, into=target.name):
        for links, owner in LINKS:
            theirs = select(links.c[owner]).where(links.c.tag_id == target.id)
            bulk.update_rows(
                db.session(), links, (links.c.tag_id == source.id) & links.c[owner].not_in(theirs),
                {"tag_id": target.id},
            )  # fmt: skip
        delete_tag(source)


def delete_tag(tag: Tag) -> None:
    """Delete a tag, taking it off every client and contact. The caller commits."""
    db.session.refresh(tag, with_for_update=True)  # nobody is given it meanwhile
    with history.operation("tags", tag=tag.name):
        for links, _owner in LINKS:
            bulk.delete_rows(db.session(), links, links.c.tag_id == tag.id)
        if (number := history.current_operation_id()) is not None:
            following.note_on_timelines(db.session(), number, "change")
        db.session.expire_all()
        db.session.delete(tag)
        db.session.flush()
