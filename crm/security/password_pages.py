"""The pages for a new password: one's own asks for the present one first, an Admin's does not.

The class names are Flask-AppBuilder's, for they are the names of its endpoints and permissions.
"""

from flask import g
from flask_appbuilder.forms import DynamicForm
from flask_appbuilder.security import views
from flask_appbuilder.validators import PasswordComplexityValidator
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.security import check_password_hash
from wtforms import Field, PasswordField
from wtforms.validators import DataRequired, EqualTo, ValidationError

from crm.security.passwords import SHORTEST


class NewPasswordForm(DynamicForm):
    """A new password, twice."""

    password = PasswordField(
        _l("New password"),
        description=_l("At least %(number)s characters; a few words are fine.", number=SHORTEST),
        validators=[DataRequired(), PasswordComplexityValidator()],
        render_kw={"autocomplete": "new-password"},
    )
    conf_password = PasswordField(
        _l("New password again"),
        validators=[EqualTo("password", message=_l("The two passwords differ."))],
        render_kw={"autocomplete": "new-password"},
    )


class OwnPasswordForm(NewPasswordForm):
    """The same, from whoever knows the present password."""

    present = PasswordField(
        _l("Present password"),
        validators=[DataRequired()],
        render_kw={"autocomplete": "current-password"},
    )

    def validate_present(self, field: Field) -> None:
        """Raises ValidationError where it is not the user's password."""
        if not check_password_hash(g.user.password or "", field.data or ""):
            raise ValidationError(_("This is not your present password."))


class ResetMyPasswordView(views.ResetMyPasswordView):
    form = OwnPasswordForm
    form_columns = ["present", "password", "conf_password"]


class ResetPasswordView(views.ResetPasswordView):
    form = NewPasswordForm
