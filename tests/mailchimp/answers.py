"""The stand-in's answers, one function per method and path."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.mailchimp.audience import Problem, digest

if TYPE_CHECKING:
    from tests.mailchimp.standin import StandIn

GENERIC, EXISTS = "ERROR_GENERIC", "ERROR_CONTACT_EXISTS"
MISSING = "The requested resource could not be found."


def only(answer: dict[str, Any], fields: str | None) -> dict[str, Any]:
    """The `fields` parameter: dotted names, lists gone through."""
    if not fields:
        return answer
    cut: dict[str, Any] = {}
    for name in fields.split(","):
        head, _, rest = name.partition(".")
        if head not in answer:
            continue
        if not rest:
            cut[head] = answer[head]
        elif isinstance(answer[head], list):
            rows = cut.setdefault(head, [{} for _ in answer[head]])
            for row, full in zip(rows, answer[head], strict=True):
                row.update(only(full, rest))
        else:
            cut.setdefault(head, {}).update(only(answer[head], rest))
    return cut


def route(
    stand_in: "StandIn", method: str, path: str, query: dict[str, str], body: dict[str, Any]
) -> dict | None:
    """The answer's body; None for 204."""
    audience = stand_in.audience
    if path == "/ping":
        return {"health_status": "Everything's Chimpy!"}
    if path == "/lists" and method == "GET":
        return {"lists": [show_list(stand_in, query, body)], "total_items": 1}
    prefix = f"/lists/{audience.list_id}"
    if path != prefix and not path.startswith(prefix + "/"):
        raise Problem(404, "Resource Not Found", MISSING)
    for pattern, actions in ROUTES.items():
        if match := re.fullmatch(pattern, path.removeprefix(prefix)):
            if method not in actions:
                raise Problem(405, "Method Not Allowed", "")
            return actions[method](stand_in, query, body, *match.groups())
    raise Problem(404, "Resource Not Found", MISSING)


def show_list(stand_in: "StandIn", query: dict, body: dict) -> dict:
    audience = stand_in.audience
    active = sum(m.status == "subscribed" for m in audience.members.values())
    return {
        "id": audience.list_id,
        "name": "Clients",
        "double_optin": False,
        "stats": {"member_count": active},
    }


def post_batch(stand_in: "StandIn", query: dict, body: dict) -> dict:
    audience, items = stand_in.audience, body["members"]
    if not 1 <= len(items) <= 500:
        raise Problem(400, "Invalid Resource", f"{len(items)} members, 500 are allowed")
    stand_in.batches.append(len(items))
    answer: dict[str, Any] = {"new_members": [], "updated_members": [], "errors": [], "_links": []}
    for item in items:
        email, known = item["email_address"], audience.members.get(digest(item["email_address"]))
        try:
            if not known:
                answer["new_members"].append(audience.create(email, item))
            elif (known.status == "archived" and item.get("status")) or body.get("update_existing"):
                answer["updated_members"].append(audience.update(known, item))
                if body.get("sync_tags"):
                    known.tags = set(item.get("tags", []))
            else:
                raise Problem(400, EXISTS, f"{email} is already a list member, do you want to update?")
        except Problem as problem:
            code = EXISTS if problem.title == EXISTS else GENERIC
            error = {"email_address": email, "error": problem.detail, "error_code": code}
            answer["errors"].append(error | {"field": "", "field_message": ""})
    for name in ("new_members", "updated_members"):
        answer[name] = [shorter(m.as_json(audience.list_id, audience.empty_times)) for m in answer[name]]
    totals = {"total_created": len(answer["new_members"]), "total_updated": len(answer["updated_members"])}
    return answer | totals | {"error_count": len(answer["errors"])}


def shorter(member: dict[str, Any]) -> dict[str, Any]:
    """Answers to a batch know fewer fields of a member."""
    return {k: v for k, v in member.items() if k not in ("contact_id", "web_id", "full_name", "source")}


def paged(rows: list[Any], query: dict[str, str]) -> list[Any]:
    count, offset = int(query.get("count", 10)), int(query.get("offset", 0))
    if count > 1000:
        raise Problem(400, "Invalid Resource", "count: This value should be 1000 or less.")
    return rows[offset : offset + count]


def list_members(stand_in: "StandIn", query: dict, body: dict) -> dict:
    audience = stand_in.audience
    since = datetime.fromisoformat(query["since_last_changed"]) if query.get("since_last_changed") else None
    found = audience.select(query.get("status"), since)
    members = [m.as_json(audience.list_id, audience.empty_times) for m in paged(found, query)]
    return {"members": members, "list_id": audience.list_id, "total_items": len(found), "_links": []}


def show_member(stand_in: "StandIn", query: dict, body: dict, hash_: str) -> dict:
    audience = stand_in.audience
    return audience.find(hash_).as_json(audience.list_id, audience.empty_times)


def put_member(stand_in: "StandIn", query: dict, body: dict, hash_: str) -> dict:
    audience = stand_in.audience
    email = body["email_address"]
    if hash_ in audience.members:
        audience.update(audience.members[hash_], body)
    else:
        audience.create(email, body | {"status": body.get("status") or body["status_if_new"]})
    return show_member(stand_in, query, body, digest(email))


def patch_member(stand_in: "StandIn", query: dict, body: dict, hash_: str) -> dict:
    audience = stand_in.audience
    member = audience.find(hash_)
    if "email_address" in body:
        audience.rename(member, body["email_address"])
    audience.update(member, body)
    audience._touch(member)
    return member.as_json(audience.list_id, audience.empty_times)


def delete_member(stand_in: "StandIn", query: dict, body: dict, hash_: str) -> None:
    stand_in.audience.archive(hash_)


def erase_member(stand_in: "StandIn", query: dict, body: dict, hash_: str) -> None:
    stand_in.audience.forget(stand_in.audience.find(hash_).email)


def list_merge_fields(stand_in: "StandIn", query: dict, body: dict) -> dict:
    fields = [
        {"tag": tag, "name": tag.title(), "type": kind}
        for tag, kind in stand_in.audience.merge_fields.items()
    ]
    return {"merge_fields": paged(fields, query), "total_items": len(fields)}


def create_merge_field(stand_in: "StandIn", query: dict, body: dict) -> dict:
    if len(body["tag"]) > 10:
        raise Problem(400, "Invalid Resource", "tag: This value should be 10 characters or less.")
    stand_in.audience.merge_fields[body["tag"]] = body["type"]
    return {"merge_id": len(stand_in.audience.merge_fields), **body}


def list_webhooks(stand_in: "StandIn", query: dict, body: dict) -> dict:
    found = stand_in.audience.webhooks
    return {"webhooks": [{"id": i, "url": url} for i, url in found.items()], "total_items": len(found)}


def create_webhook(stand_in: "StandIn", query: dict, body: dict) -> dict:
    found = stand_in.audience.webhooks
    found[f"w{len(found) + 1}"] = body["url"]
    return {"id": f"w{len(found)}", **body}


def delete_webhook(stand_in: "StandIn", query: dict, body: dict, number: str) -> None:
    if stand_in.audience.webhooks.pop(number, None) is None:
        raise Problem(404, "Resource Not Found", MISSING)


def list_segments(stand_in: "StandIn", query: dict, body: dict) -> dict:
    found = [
        {"id": number, "name": name, "type": "static"} for number, name in stand_in.audience.segments.items()
    ]
    return {"segments": paged(found, query), "total_items": len(found)}


def change_segment(stand_in: "StandIn", query: dict, body: dict, number: str) -> dict:
    audience, name, removed = stand_in.audience, stand_in.audience.segment(int(number)), []
    for email in body.get("members_to_remove", []):
        member = audience.members.get(digest(email))
        if member and name in member.tags:
            member.tags.discard(name)
            removed.append(shorter(member.as_json(audience.list_id, audience.empty_times)))
    return {
        "members_added": [],
        "members_removed": removed,
        "errors": [],
        "total_removed": len(removed),
        "error_count": 0,
    }


Action = Callable[..., dict[str, Any] | None]
ROUTES: dict[str, dict[str, Action]] = {
    "": {"GET": show_list, "POST": post_batch},
    "/members": {"GET": list_members},
    "/members/([^/]+)": {
        "GET": show_member,
        "PUT": put_member,
        "PATCH": patch_member,
        "DELETE": delete_member,
    },
    "/members/([^/]+)/actions/delete-permanent": {"POST": erase_member},
    "/merge-fields": {"GET": list_merge_fields, "POST": create_merge_field},
    "/webhooks": {"GET": list_webhooks, "POST": create_webhook},
    "/webhooks/([^/]+)": {"DELETE": delete_webhook},
    "/segments": {"GET": list_segments},
    "/segments/([0-9]+)": {"POST": change_segment},
}
