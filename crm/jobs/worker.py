"""`flask crm worker`: the queue's consumer and the scheduler in one process, until SIGTERM or Ctrl-C."""

import logging
import signal
import threading
from types import FrameType

from flask import Flask
from huey.consumer import Consumer

from crm.jobs.queue import open_queue
from crm.jobs.runs import stopping
from crm.jobs.scheduler import Scheduler

log = logging.getLogger(__name__)
BEAT_SECONDS = 10
#: How long runs may take to come to a place where they can stop.
LAST_SECONDS = 60


def work(app: Flask, threads: int = 2) -> None:
    """Work until asked to end; then let each run finish its current batch."""
    ended = threading.Event()
    consumer = QuietConsumer(
        open_queue(app), workers=threads, periodic=False, max_delay=1, shutdown_timeout=LAST_SECONDS
    )
    scheduler = Scheduler(app)

    def end(number: int, frame: FrameType | None) -> None:
        stopping.set()
        ended.set()

    consumer.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    log.info("worker started")
    try:
        while True:
            try:
                scheduler.beat()
            except Exception:
                log.exception("the worker's heart missed a beat")
            if ended.wait(BEAT_SECONDS):
                break
    finally:
        consumer.stop(graceful=True)
        scheduler.stop()
        log.info("worker ended")


class QuietConsumer(Consumer):
    """Huey's consumer without its own signal handlers: the worker has them."""

    def _set_signal_handlers(self) -> None:
        pass
