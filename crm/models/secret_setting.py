from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base
from crm.models.types import Encrypted


class SecretSetting(Base):
    """A setting that nobody may read where it lies: the key of another service. No history: old keys are gone."""

    __tablename__ = "secret_setting"
    __history__ = False

    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[str] = mapped_column(Encrypted)
