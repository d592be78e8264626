"""The nightly job of the file store."""

from crm.security.visibility import as_system
from crm.services.clients import id_images
from crm.services.files.sweeping import sweep
from crm.services.progress import Progress


def tidy_files(run: Progress) -> None:
    """Remove pictures of ID cards after their last day, files that nobody has, and tell of what is missing."""
    with as_system():
        id_images.expire(run)
        sweep(run)
