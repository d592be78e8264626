"""What a run would do, for the dry run: told and counted without a call."""

from crm.integrations.mailchimp import difference
from crm.integrations.mailchimp.difference import Difference
from crm.services.progress import Progress


def preview(run: Progress) -> None:
    """List in the report, and count, what would be sent and who would leave."""
    difference.note()
    numbers = difference.count()
    for what, title in difference.TITLES.items():
        run.counters[what] = numbers[what]
        for one in difference.find_all(what):
            run.note(f"{title}: {one.email or '–'}{_details(one)}")
    run.counters["leaving"] = run.counters["unsubscribed"] + run.counters["archived"]


def _details(one: Difference) -> str:
    parts = [f"{tag} {before or '–'} → {after or '–'}" for tag, before, after in one.changes]
    parts += one.tags
    return f" ({', '.join(parts)})" if parts else ""
