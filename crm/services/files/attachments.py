"""Files that come and go with mails."""

from collections.abc import Iterable

from crm.models import Email, EmailAttachment
from crm.services.files import store as file_store
from crm.services.files.uploads import Upload


def attach(mail: Email, uploads: Iterable[Upload]) -> None:
    """Keep these files with a mail; the caller commits. Raises CannotStore."""
    for upload in uploads:
        mail.attachments.append(EmailAttachment(name=upload.name, stored_file=file_store.keep(upload)))
