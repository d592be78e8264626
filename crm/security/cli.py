"""`flask crm api-key`: keys for programs that call the API."""

import sys

import click
from flask.cli import AppGroup

from crm.extensions import db
from crm.security.api_keys import create_key, keys_of, revoke_keys
from crm.security.viewer import user_named
from crm.security.visibility import as_system

api_key = AppGroup("api-key", help="Keys for programs that call the API.")


@api_key.command("add")
@click.argument("name")
@click.option("--user", required=True, help="In whose name the key acts.")
@click.option(
    "--scope", default="", help="read, write, or one of them for a resource (notes:read); with commas."
)
@click.option("--days", type=click.IntRange(1, 36500), help="After how many days it ends; never otherwise.")
def add(name: str, user: str, scope: str, days: int | None) -> None:
    """Make a key and print it, once, as the last word."""
    with as_system():
        owner = user_named(user)
        if owner is None:
            sys.exit(f"There is no active user {user}.")
        try:
            key = create_key(owner, name, scope, days)
        except ValueError as error:
            sys.exit(str(error))
    click.echo(f"Key {name} of {user}, shown only now: {key}")


@api_key.command("list")
def list_keys() -> None:
    """Show the keys that there are: name, user, scopes, state, last use (UTC)."""
    with as_system():
        for key in keys_of():
            state = (
                "revoked"
                if key.revoked_on
                else f"ends {key.expires_on:%Y-%m-%d}"
                if key.expires_on
                else "active"
            )
            used = f"{key.last_used_on:%Y-%m-%d %H:%M}" if key.last_used_on else "never used"
            click.echo("\t".join((key.name, key.user.username, key.scopes or "all", state, used)))


@api_key.command("revoke")
@click.argument("name")
def revoke(name: str) -> None:
    """End the keys with this name."""
    with as_system():
        count = revoke_keys(name)
        db.session.commit()
    if not count:
        sys.exit(f"There is no key {name} to revoke.")
    click.echo(f"Revoked {name}.")
