"""Where Mailchimp tells news about members. Whoever knows the address may call it; wrong ones are not there."""

from flask import Blueprint, abort, current_app, request
from werkzeug.wrappers import Response

from crm.extensions import csrf, db
from crm.integrations.mailchimp import hook, news
from crm.integrations.mailchimp.settings import get_audience
from crm.jobs.runs import ask_for

blueprint = Blueprint("mailchimp_hook", __name__)
#: Where events have the addresses that they are about.
ADDRESSES = ("data[email]", "data[new_email]", "data[old_email]")


@blueprint.route(f"{hook.PATH}<secret>", methods=["GET", "POST"])
@csrf.exempt
def receive(secret: str) -> Response:
    """GET: Mailchimp looks whether somebody is there. POST: an event, whose members the worker reads again."""
    if not hook.fits(secret):
        abort(404)
    if request.method == "POST" and request.form.get("data[list_id]") == get_audience(current_app.config):
        if news.keep_hints(request.form.get(name, "") for name in ADDRESSES):
            ask_for(news.KIND)
        db.session.commit()
    return Response("", 200, mimetype="text/plain")
