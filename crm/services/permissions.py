"""What the one who acts may do, asked where a service decides: in requests and in the background alike."""

from flask import current_app

from crm.security.visibility import viewer


def is_permitted(action: str, what: str) -> bool:
    """Whether whoever acts has a permission; the system has all."""
    asking = viewer()
    if asking.user_id is None:
        return asking.mode == "all"
    return current_app.appbuilder.sm.user_may(asking.user_id, f"can_{action}", what)
