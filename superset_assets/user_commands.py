"""`python -m superset_assets user …`: people, their role and their brands."""

import os
import secrets

import click

from superset_assets.client import SupersetClient
from superset_assets.files import AssetFiles
from superset_assets.people import (
    Person,
    PersonError,
    apply_person,
    deactivate,
    people,
    set_password,
)
from superset_assets.permissions import Role, read_roles, update_row_rules
from superset_assets.row_rules import ensure_brands
from superset_assets.settings import ROOM, SupersetLogin, Warehouse
from superset_assets.sql_lab import ensure_brand_account

PASSWORD_VARIABLE = "SUPERSET_USER_PASSWORD"  # noqa: S105  (the variable's name)


@click.group("user")
def user_commands() -> None:
    """People of Superset: role and brands.

    A password is taken from SUPERSET_USER_PASSWORD, asked for (--ask) or made and printed once.
    """


@user_commands.command("add")
@click.argument("username")
@click.option("--role", "key", required=True, help="File of roles/ without its ending, or admin.")
@click.option("--brand", "brands", multiple=True, help="A brand to see; may be given again.")
@click.option("--all-brands", is_flag=True, help="See every brand.")
@click.option("--first-name", default="", help="Shown beside what the person makes.")
@click.option("--last-name", default="")
@click.option("--email", default="", help="For reports by mail; one that reaches nobody otherwise.")
@click.option("--ask", is_flag=True, help="Ask for the password.")
def add_command(
    username: str,
    key: str,
    brands: tuple[str, ...],
    *,
    all_brands: bool,
    first_name: str,
    last_name: str,
    email: str,
    ask: bool,
) -> None:
    """Make a login, or give an existing one this role and these brands."""
    role = _role(key)
    seen = _brands(role, brands, all_brands=all_brands)
    client = SupersetClient(SupersetLogin.from_environment())
    if role.connections & {"analysts"}:
        click.echo(ensure_brand_account(Warehouse.from_environment(), seen))
    if seen:
        ensure_brands(client, seen)
        update_row_rules(client, AssetFiles(ROOM), ROOM / "roles")
    known = next((each for each in people(client) if each.username == username), None)
    person = Person(
        username=username,
        role=role.name,
        brands=seen,
        first_name=first_name or (known.first_name if known else username),
        last_name=last_name or (known.last_name if known else ""),
        email=email or (known.email if known else f"{username}@localhost.localdomain"),
    )
    password = _password(ask=ask) if known is None or ask else None
    apply_person(client, person, password)
    click.echo(f"{username}: {role.name}, {_said(seen)}")


@user_commands.command("list")
def list_command() -> None:
    """Everybody, with role and brands."""
    for person in people(SupersetClient(SupersetLogin.from_environment())):
        closed = "" if person.is_active else ", closed"
        click.echo(f"{person.username}: {person.role}, {_said(person.brands)}{closed}")


@user_commands.command("password")
@click.argument("username")
@click.option("--ask", is_flag=True, help="Ask for it.")
def password_command(username: str, *, ask: bool) -> None:
    """Give a login a new password."""
    client = SupersetClient(SupersetLogin.from_environment())
    set_password(client, username, _password(ask=ask))
    click.echo(f"{username}: the password is changed")


@user_commands.command("remove")
@click.argument("username")
def remove_command(username: str) -> None:
    """Close a login. What it made stays; `add` opens it again."""
    deactivate(SupersetClient(SupersetLogin.from_environment()), username)
    click.echo(f"{username}: closed")


def _role(key: str) -> Role:
    roles = read_roles()
    if key not in roles:
        raise PersonError(f"there is no role {key}: choose one of {', '.join(roles)}")
    return roles[key]


def _brands(role: Role, brands: tuple[str, ...], *, all_brands: bool) -> tuple[str, ...] | None:
    """The brands asked for; None for all.

    Raises:
        PersonError: the role cannot be cut by brand, or both some and all are asked for.
    """
    if brands and all_brands:
        raise PersonError("name brands or give --all-brands, not both")
    if role.needs_all_brands and not all_brands:
        raise PersonError(f"{role.name} sees all brands: give --all-brands")
    return None if all_brands else tuple(sorted(set(brands)))


def _password(*, ask: bool) -> str:
    if ask:
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    given = os.environ.get(PASSWORD_VARIABLE)
    if given:
        return given
    made = secrets.token_urlsafe(12)
    click.echo(f"password, shown this once: {made}")
    return made


def _said(brands: tuple[str, ...] | None) -> str:
    if brands is None:
        return "all brands"
    return "brands " + ", ".join(brands) if brands else "no brand: sees nothing"
