"""Every table of the product."""

from crm.models.attribute import AttributeDefinition, AttributeOption, AttributeValue
from crm.models.bank_account import BankAccount
from crm.models.bulk_change import BulkChange
from crm.models.call import Call
from crm.models.carddav import CarddavListing
from crm.models.chat import Chat
from crm.models.client import Client, ClientAssignee, ClientPhoto
from crm.models.company import Company, CompanyLogo
from crm.models.contact import Contact
from crm.models.deal import Deal
from crm.models.document import Document
from crm.models.duplicate import DuplicateKey, DuplicatePair, DuplicateTodo, NotDuplicate
from crm.models.email import Email, EmailAttachment, EmailClient
from crm.models.event import Event, EventAttendee, EventContact
from crm.models.external_id import ClientExternalId, ContactExternalId
from crm.models.gus import GusAnswer
from crm.models.history import Change, Operation
from crm.models.id_image import IdImage
from crm.models.import_run import ImportMapping, ImportRow, ImportRun
from crm.models.integration_log import IntegrationCall
from crm.models.invoice import Invoice, InvoiceLine
from crm.models.job import JobRun, WorkerHeartbeat
from crm.models.login_session import LoginSession
from crm.models.mailchimp import (
    EmailSuppression,
    MailchimpAudience,
    MailchimpFinding,
    MailchimpMember,
    MailchimpNews,
    MailchimpProposal,
    MailchimpWanted,
)
from crm.models.note import Note
from crm.models.number_series import NumberSeries, SeriesCounter
from crm.models.peppol import PeppolStatus
from crm.models.product import Product
from crm.models.project import Project
from crm.models.rate_limit import RateLimit
from crm.models.relationship import Relationship, RelationshipType
from crm.models.sale import Sale, SaleLine
from crm.models.saved_view import ListMemory, SavedView
from crm.models.search import SearchEntry
from crm.models.secret_setting import SecretSetting
from crm.models.setting import Setting
from crm.models.status import Status
from crm.models.stored_file import HasFile, StoredFile
from crm.models.tag import ClientTag, ContactTag, Tag
from crm.models.task import Task, TaskAssignee
from crm.models.task_list import TaskList
from crm.models.ticket import Ticket, TicketComment
from crm.models.timeline import TimelineEntry
from crm.models.transaction import Transaction
from crm.models.vat_rate import VatRate
from crm.models.vat_status import VatProof, VatStatus
from crm.models.webhook import Webhook, WebhookDelivery, WebhookOutbox
from crm.models.work_time import Timer, WorkTime

__all__ = [
    "AttributeDefinition",
    "AttributeOption",
    "AttributeValue",
    "BankAccount",
    "BulkChange",
    "Call",
    "CarddavListing",
    "Change",
    "Chat",
    "Client",
    "ClientAssignee",
    "ClientExternalId",
    "ClientPhoto",
    "ClientTag",
    "Company",
    "CompanyLogo",
    "Contact",
    "ContactExternalId",
    "ContactTag",
    "Deal",
    "Document",
    "DuplicateKey",
    "DuplicatePair",
    "DuplicateTodo",
    "Email",
    "EmailAttachment",
    "EmailClient",
    "EmailSuppression",
    "Event",
    "EventAttendee",
    "EventContact",
    "GusAnswer",
    "HasFile",
    "IdImage",
    "ImportMapping",
    "ImportRow",
    "ImportRun",
    "IntegrationCall",
    "Invoice",
    "InvoiceLine",
    "JobRun",
    "ListMemory",
    "LoginSession",
    "MailchimpAudience",
    "MailchimpFinding",
    "MailchimpMember",
    "MailchimpNews",
    "MailchimpProposal",
    "MailchimpWanted",
    "NotDuplicate",
    "Note",
    "NumberSeries",
    "Operation",
    "PeppolStatus",
    "Product",
    "Project",
    "RateLimit",
    "Relationship",
    "RelationshipType",
    "Sale",
    "SaleLine",
    "SavedView",
    "SearchEntry",
    "SecretSetting",
    "SeriesCounter",
    "Setting",
    "Status",
    "StoredFile",
    "Tag",
    "Task",
    "TaskAssignee",
    "TaskList",
    "Ticket",
    "TicketComment",
    "TimelineEntry",
    "Timer",
    "Transaction",
    "VatProof",
    "VatRate",
    "VatStatus",
    "Webhook",
    "WebhookDelivery",
    "WebhookOutbox",
    "WorkTime",
    "WorkerHeartbeat",
]
