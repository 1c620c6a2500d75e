"""Superset's own database, its administrator and its rights, made ready before the first start.

Runs in Superset's environment: `python -m superset_assets.bootstrap`. What is done already is
skipped without importing Superset, so a second start costs nothing.
"""

import hashlib
import hmac
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

import click

from superset_assets.settings import Language

ADMIN = "admin"
# Stands on every board as its owner.
ADMINS_NAME = {Language.RUSSIAN: "Администратор", Language.ENGLISH: "Administrator"}
CONFIG = Path(__file__).with_name("superset_config.py")


def main() -> None:
    """Bring the metadata database to this version of Superset, with one administrator.

    Needs SUPERSET_SECRET_KEY, SUPERSET_ADMIN_PASSWORD and SUPERSET_HOME.

    Raises:
        KeyError: one of them is not set.
        SettingsError: SUPERSET_LANGUAGE is no language of the boards.
    """
    home = Path(os.environ["SUPERSET_HOME"]).resolve()
    home.mkdir(parents=True, exist_ok=True)
    stamp = home / "bootstrap.json"
    if stamp.exists() and json.loads(stamp.read_text(encoding="utf-8")) == _made_for(home):
        click.echo("Superset's database is ready")
        return
    _prepare(os.environ["SUPERSET_ADMIN_PASSWORD"])
    stamp.write_text(json.dumps(_made_for(home)), encoding="utf-8")


def _made_for(home: Path) -> dict[str, str]:
    """What the database is made for; a change of any of it makes the next start prepare again."""
    secret = os.environ["SUPERSET_SECRET_KEY"].encode()
    password = os.environ["SUPERSET_ADMIN_PASSWORD"].encode()
    database = os.environ.get("SUPERSET_DATABASE_URI", "")
    local = home / "superset.db"
    made = str(local.stat().st_ino) if not database and local.exists() else ""
    return {
        "superset": version("apache-superset"),
        "configuration": hashlib.sha256(CONFIG.read_bytes()).hexdigest(),
        "database": hmac.new(secret, database.encode(), hashlib.sha256).hexdigest(),
        "database_file": made,
        "administrator": hmac.new(secret, password, hashlib.sha256).hexdigest(),
        "language": Language.from_environment(),
    }


def _prepare(admin_password: str) -> None:
    os.environ["SUPERSET_CONFIG_PATH"] = str(CONFIG)
    # Superset reads its configuration while it is imported.
    from flask_migrate import upgrade  # type: ignore[import-untyped]  # noqa: PLC0415
    from superset.app import create_app  # noqa: PLC0415

    app = create_app()
    with app.app_context():
        click.echo("bringing Superset's database up to date")
        upgrade(directory=str(Path(sys.modules["superset"].__path__[0]) / "migrations"))
        from superset.extensions import appbuilder, security_manager  # noqa: PLC0415

        click.echo("writing the rights")
        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        administrator = security_manager.find_user(username=ADMIN)
        name = ADMINS_NAME[Language.from_environment()]
        if administrator is None:
            security_manager.add_user(
                ADMIN,
                name,
                "",
                "admin@localhost.localdomain",
                security_manager.find_role("Admin"),
                password=admin_password,
            )
        else:
            security_manager.reset_password(administrator.id, admin_password)
            if administrator.first_name in ADMINS_NAME.values():
                administrator.first_name = name
                security_manager.update_user(administrator)
    click.echo("Superset's database is ready")


if __name__ == "__main__":
    main()
