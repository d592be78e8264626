from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from crm.models.base import Base
from crm.models.types import UtcDateTime, utc_now


class CarddavListing(Base):
    """What a phone, which has a key of its own, was told of its address book: so it is known what it has to hear next.

    token: stands for the contents, and is given to the phone. cards: names and states, compressed.
    """

    __tablename__ = "carddav_listing"
    __history__ = False

    api_key_id: Mapped[int] = mapped_column(ForeignKey("ab_api_key.id", ondelete="CASCADE"), primary_key=True)
    token: Mapped[str] = mapped_column(String(40), primary_key=True)
    cards: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
