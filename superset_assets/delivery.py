"""All that the files say, brought to Superset: boards, connections, roles, reports and alerts."""

from dataclasses import dataclass

from superset_assets.client import SupersetClient
from superset_assets.files import AssetFiles
from superset_assets.permissions import apply_roles
from superset_assets.publish import PushReport, push
from superset_assets.settings import ROOM, Language, SupersetLogin, Warehouse
from superset_assets.sql_lab import publish_connections
from superset_assets.subscriptions import Applied, apply_subscriptions


@dataclass(frozen=True)
class Access:
    """What came of the connections and roles.

    Attributes:
        left_out: connections of SQL Lab that were not made, with the reason.
        roles: roles and users that were applied.
    """

    left_out: list[str]
    roles: list[str]


@dataclass(frozen=True)
class Delivery:
    """What a delivery did.

    Attributes:
        pushed: boards and what they hold.
        access: connections and roles; None where they were not asked for.
        subscriptions: reports and alerts.
    """

    pushed: PushReport
    access: Access | None
    subscriptions: Applied


def deliver(login: SupersetLogin, *, roles: bool = True) -> Delivery:
    """Make Superset hold what the files say, in the language and colours of the environment.

    Args:
        login: an administrator's.
        roles: whether connections of SQL Lab, roles, row-level rules and users are applied, too.

    Raises:
        RoleError: a role names what does not exist.
        SettingsError: a setting is missing or wrong.
        SubscriptionError: a report or an alert cannot be made.
        SupersetError: Superset refused something, or could not be reached.
        TranslationError: a text has no English.
    """
    language = Language.from_environment()
    client = SupersetClient(login)
    pushed = push(client, AssetFiles(ROOM), Warehouse.from_environment(), language)
    access = apply_access(client, login) if roles else None
    return Delivery(pushed, access, apply_subscriptions(client, language))


def apply_access(client: SupersetClient, login: SupersetLogin) -> Access:
    """Apply connections of SQL Lab, roles, row-level rules and roles/users.yml.

    Raises:
        RoleError: a role names what does not exist.
        SettingsError: the warehouse's password is not set.
        SupersetError: Superset refused something, or could not be reached.
    """
    left_out = publish_connections(client, Warehouse.from_environment())
    return Access(left_out, apply_roles(client, ROOM / "roles", login))
