"""Signing in and out. Out is a POST: no link or image of somebody else's page signs anybody out."""

from typing import Any

from flask import redirect
from flask_appbuilder import expose
from flask_appbuilder.security.views import AuthDBView
from flask_login import logout_user

from crm.security.sessions import end_session


class CRMAuthView(AuthDBView):
    @expose("/logout/", methods=["POST"])
    def logout(self) -> Any:
        """End the session and show the sign-in page."""
        user = self._get_authenticated_user()
        end_session()
        logout_user()
        if user is not None:
            self.appbuilder.sm.on_user_logout(user)
        return redirect(self.appbuilder.get_url_for_login)
