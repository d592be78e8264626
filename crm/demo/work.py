"""Projects of the workshop with their steps, events last and next weeks, and hours that never overlap."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from crm.demo import work_words as words
from crm.demo.rows import Rows
from crm.extensions import db
from crm.models import (
    Client,
    Contact,
    Event,
    EventAttendee,
    EventContact,
    Project,
    Task,
    TaskAssignee,
    TaskList,
    WorkTime,
)
from crm.services.lists.bounds import beginning_of

OPENS, CLOSES = timedelta(hours=8), timedelta(hours=16)
BREAK = timedelta(minutes=15)
#: What an hour at the bench costs, by currency.
RATES = {"PLN": (Decimal(180), Decimal(220)), "EUR": (Decimal(60), Decimal(75))}
#: Work of longer ago is approved.
APPROVED_AFTER = timedelta(days=30)


class WorkMaker:
    """Makes what the workshop does for clients into the rows of `maker`, as chance will have it."""

    def __init__(self, maker: Any):
        self.maker = maker
        self.chance: random.Random = maker.chance
        self.rows: Rows = maker.rows
        self.now: datetime = maker.now
        #: (user, day) -> when the user is free again on that day.
        self.free: dict[tuple[int, date], datetime] = {}
        # of the bare table: hours at a client in the trash are taken too
        taken = WorkTime.__table__.c
        for user_id, end in db.session.execute(select(taken.user_id, taken.end).order_by(taken.end)):
            self.free[user_id, end.date()] = end

    def fill(self, client: Client, user_ids: list[int], is_company: bool) -> None:
        """Projects, events and hours of one client, by the users whose it is."""
        chance = self.chance
        if not user_ids:
            return
        if chance.random() < (0.12 if is_company else 0.05):
            self.project(client, user_ids)
        elif chance.random() < 0.12:
            for _ in range(chance.randint(1, 2)):
                self.work(client, user_ids[0], chance.choice(words.JOBS), client.created_at)
        if chance.random() < 0.12:
            self.event(client, user_ids)

    def project(self, client: Client, user_ids: list[int]) -> None:
        """A piece to be made, in steps of which the first are done."""
        chance = self.chance
        name, steps = chance.choice(words.PROJECTS)
        done = chance.randint(0, len(steps))
        project = self.maker.record(Project, client, name=name, responsible_id=user_ids[0],
            status="done" if done == len(steps) else "planned" if done == 0 else "active",
            hourly_rate=chance.choice(RATES[client.billing_currency or "EUR"]),
            currency=client.billing_currency, budget_hours=Decimal(4 * len(steps)))  # fmt: skip
        project.start = project.created_at.date()
        project.end = project.start + timedelta(days=10 * len(steps))
        steps_of = self.maker.record(TaskList, client, name=chance.choice(words.LISTS), project_id=project.id)
        steps_of.start, steps_of.due = project.start, project.end
        for number, title in enumerate(steps):
            task = self.maker.record(
                Task, client, title=title, task_list_id=steps_of.id, project_id=project.id
            )
            task.created_at = task.changed_at = project.created_at
            task.due = project.created_at + timedelta(days=10 * (number + 1))
            self.rows.new(TaskAssignee, task_id=task.id, user_id=user_ids[number % len(user_ids)])
            if number < done:
                task.done, task.done_at = True, self.maker.between(project.created_at)
                self.work(client, user_ids[number % len(user_ids)], title, project.created_at, project, task)

    def event(self, client: Client, user_ids: list[int]) -> None:
        """A meeting within a few weeks of today, or a day or two at a fair or out on the road."""
        chance = self.chance
        day = self.now.date() + timedelta(days=chance.randint(-21, 28))
        all_day = chance.random() < 0.15
        title, place = chance.choice(words.DAYS_OUT if all_day else words.MEETINGS)
        start = beginning_of(day) + (timedelta(0) if all_day else timedelta(hours=chance.randint(9, 16)))
        end = start + (
            timedelta(days=chance.randint(0, 1)) if all_day else timedelta(minutes=30 * chance.randint(1, 4))
        )
        event = self.maker.record(
            Event, client, title=title, location=place, all_day=all_day, start=start, end=end
        )
        event.before_save(db.session())
        event.created_at = event.changed_at = min(event.created_at, start - timedelta(days=2))
        self.rows.new(EventAttendee, event_id=event.id, user_id=user_ids[0])
        contact = next(
            (one for one in self.rows.made.get(Contact, ())[-3:] if one.client_id == client.id), None
        )
        if contact is not None:
            self.rows.new(EventContact, event_id=event.id, contact_id=contact.id)

    def work(
        self, client: Client, user_id: int, description: str, since: datetime,
        project: Project | None = None, task: Task | None = None,
    ) -> None:  # fmt: skip
        """Some hours of one user on a working day since then, if they have any left on it."""
        chance = self.chance
        day = self.maker.between(since).date()
        start = max(beginning_of(day) + OPENS, self.free.get((user_id, day), beginning_of(day)))
        end = start + timedelta(minutes=15 * chance.randint(2, 12))
        if day.weekday() > 5 or day >= self.now.date() or end > beginning_of(day) + CLOSES:
            return
        self.free[user_id, day] = end + BREAK * chance.randint(0, 2)
        entry = self.maker.record(WorkTime, client, user_id=user_id, start=start, end=end, description=description,
            project_id=project.id if project else None, task_id=task.id if task else None,
            billable=chance.random() < 0.85, approved=start < self.now - APPROVED_AFTER)  # fmt: skip
        entry.created_at = entry.changed_at = end
        entry.created_by_id = entry.changed_by_id = user_id
        entry.hourly_rate = project.hourly_rate if project else RATES[client.billing_currency or "EUR"][0]
        entry.currency = client.billing_currency
        entry.price()
