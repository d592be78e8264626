"""What a run costs grows by pages of 1,000 and batches of 500; what it holds in memory does not grow."""

import tracemalloc
from datetime import timedelta

import pytest

from tests.mailchimp.conftest import Office

SOME, MANY = 3_000, 8_000


@pytest.mark.slow
def test_calls_by_the_page_and_memory_that_stays(office: Office):
    peaks, audience = [], office.server.audience
    audience.merge_fields["COMPANY"] = "text"
    for begin, end in ((0, SOME), (SOME, MANY)):
        office.add_many({"name": f"p{n}", "phone_e164": f"+48{600_000_000 + n}"} | {"email": f"p{n}@x.pl"}
                        for n in range(begin, end))  # fmt: skip
        for n in range(begin, end):
            audience.create(f"p{n}@x.pl", {"status": "subscribed", "merge_fields": {"FNAME": f"p{n}"}})
        for member in audience.members.values():
            member.last_changed -= timedelta(hours=1)  # what changes while it is read is read again
        tracemalloc.start(1)
        run = office.sync(full=True)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert run.counters["updated"] == end - begin
        calls = office.server.calls
        assert calls["GET /lists/aud1/members"] <= end / 1000 + 2
        assert calls["POST /lists/aud1"] == (end - begin) / 500
        assert calls.total() - calls["GET /lists/aud1/members"] - calls["POST /lists/aud1"] <= 4
    # of 5,000 more members nothing is held but what the stand-in, in the same process, sorts them by: each of them
    # held for a moment would be a kilobyte and more
    assert peaks[1] - peaks[0] < 3_000_000, peaks
