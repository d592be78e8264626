"""The connection of one run, and what its failures mean for the run."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import current_app
from flask_babel import gettext as _

from crm.extensions import db
from crm.integrations.calls import CallLog
from crm.integrations.mailchimp.client import AudienceGone, Mailchimp
from crm.integrations.mailchimp.settings import connect, get_settings
from crm.integrations.mailchimp.sources import Fields
from crm.integrations.mailchimp.wire import MailchimpError, MailchimpUnreachable
from crm.security.visibility import as_system, including_hidden
from crm.services.progress import CannotWork, Progress


@contextmanager
def connected(run: Progress) -> Iterator[tuple[Mailchimp, Fields]]:
    """The audience and its merge fields, for all clients there are. Raises CannotWork; calls are kept in any case."""
    calls = CallLog("mailchimp")
    found = get_settings(current_app.config)
    mailchimp = connect(found, current_app.config, calls.add)
    with as_system(), including_hidden():
        try:
            fields = Fields(found.fields)
            db.session.rollback()  # no lock is held while somebody else is waited for
            yield mailchimp, fields
        except AudienceGone as error:
            raise CannotWork(_("The audience is gone from Mailchimp: choose another one.")) from error
        except MailchimpError as error:
            raise CannotWork(_("Mailchimp refuses: %(error)s", error=error)) from error
        except MailchimpUnreachable as error:
            raise CannotWork(_("Mailchimp cannot be reached: %(error)s", error=error)) from error
        finally:
            run.counters["calls"] = calls.number
            calls.write()
