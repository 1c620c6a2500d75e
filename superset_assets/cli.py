"""`python -m superset_assets`: from dbt to Superset and back."""

import os
import sys
from pathlib import Path

import click

from superset_assets.client import SupersetClient, SupersetError
from superset_assets.delivery import Access, apply_access, deliver
from superset_assets.files import AssetFiles
from superset_assets.filter_bar import FilterBarError
from superset_assets.generate import write_generated, write_generated_texts
from superset_assets.lint import lint
from superset_assets.manifest import Manifest, ManifestError
from superset_assets.people import PersonError
from superset_assets.permissions import RoleError
from superset_assets.publish import published_language
from superset_assets.pull import pull
from superset_assets.settings import (
    MANIFEST,
    ROOM,
    SettingsError,
    SupersetLogin,
)
from superset_assets.subscriptions import SubscriptionError
from superset_assets.translation import TranslationError
from superset_assets.user_commands import user_commands
from superset_assets.words import (
    BOARDS,
    VALUES,
    update_boards_catalogue,
    update_values_catalogue,
)

EXPECTED_ERRORS = (
    FilterBarError,
    ManifestError,
    PersonError,
    RoleError,
    SettingsError,
    SubscriptionError,
    SupersetError,
    TranslationError,
)
manifest_option = click.option(
    "--manifest",
    type=click.Path(path_type=Path),
    default=MANIFEST,
    show_default=True,
    help="dbt's manifest.json.",
)


@click.group()
def commands() -> None:
    """Superset's boards as files."""


@commands.command("generate")
@manifest_option
def generate_command(manifest: Path) -> None:
    """Write datasets, «Методика», glossary, exposures and the catalogue from dbt's manifest."""
    known, files = Manifest.read(manifest), AssetFiles(ROOM)
    changed = [*write_generated(files, known), *write_generated_texts(files, known)]
    for path in changed:
        click.echo(f"written: {path}")
    click.echo(f"{len(changed)} files changed")


@commands.command("translations")
def translations_command() -> None:
    """Bring locale/en/boards.po and values.po up to date; fails while texts lack their English."""
    lacking = {
        BOARDS: update_boards_catalogue(AssetFiles(ROOM)),
        VALUES: update_values_catalogue(),
    }
    for path, missing in lacking.items():
        for text in missing:
            click.echo(f"{path.name}: {text}")
    if any(lacking.values()):
        raise click.ClickException(f"texts to be translated in {BOARDS.parent}")
    click.echo("every text has its English")


@commands.command("lint")
@manifest_option
def lint_command(manifest: Path) -> None:
    """Check the files against the known traps; without a manifest, all but the chain to dbt."""
    known = Manifest.read(manifest) if manifest.exists() else None
    if known is None:
        click.echo(f"{manifest} does not exist: the chain to dbt is not checked", err=True)
    problems = lint(AssetFiles(ROOM), known)
    for problem in problems:
        click.echo(f"{problem.path}: {problem.message}")
    if problems:
        raise click.ClickException(f"{len(problems)} problems")
    click.echo("no problems")


@commands.command("push")
@click.option("--roles/--no-roles", default=True, help="Apply roles/*.yml afterwards.")
def push_command(roles: bool) -> None:
    """Make Superset hold what the files say, then apply the roles."""
    delivery = deliver(SupersetLogin.from_environment(), roles=roles)
    click.echo(f"{delivery.pushed.published} objects published")
    for removed in delivery.pushed.removed:
        click.echo(f"removed: {removed}")
    if delivery.access:
        _tell(delivery.access)
    in_force = ", ".join(delivery.subscriptions.names) or f"none, {delivery.subscriptions.reason}"
    click.echo(f"reports and alerts: {in_force}")


@commands.command("pull")
@click.option("--board", "slugs", multiple=True, help="Slug of a further board to take in.")
def pull_command(slugs: tuple[str, ...]) -> None:
    """Write the boards as they are in Superset now into the files."""
    client = SupersetClient(SupersetLogin.from_environment())
    report = pull(client, AssetFiles(ROOM), slugs)
    for path in report.changed:
        click.echo(f"changed: {path}")
    for path in report.datasets_differ:
        click.echo(f"{path}: changed in Superset; change the metric in dbt instead", err=True)
    for path, names in report.filters_differ.items():
        click.echo(
            f"{path}: {', '.join(names)} changed on this board alone; "
            "change filter_bar.yaml instead if all boards are meant",
            err=True,
        )
    click.echo(f"{len(report.changed)} files changed")


@commands.command("roles")
def roles_command() -> None:
    """Apply connections of SQL Lab, roles, row-level rules and roles/users.yml."""
    login = SupersetLogin.from_environment()
    _tell(apply_access(SupersetClient(login), login))


def _tell(access: Access) -> None:
    for reason in access.left_out:
        click.echo(f"left out: {reason}", err=True)
    click.echo("roles and users: " + ", ".join(access.roles))


@commands.command("screenshots")
@click.option("--out", type=click.Path(path_type=Path), default=Path("screenshots"))
@click.option("--board", "slugs", multiple=True, help="Slug of a board; all of them without.")
@click.option("--width", "widths", type=int, multiple=True, help="Of the window; 1440 and 1920.")
@click.option("--theme", "themes", type=click.Choice(["light", "dark"]), multiple=True)
def screenshots_command(
    out: Path, slugs: tuple[str, ...], widths: tuple[int, ...], themes: tuple[str, ...]
) -> None:
    """Look at every tab of the boards as the user demo: a picture each, and what is wrong."""
    # Only this command needs a browser driver.
    from superset_assets.board_scan import look_at  # noqa: PLC0415
    from superset_assets.browser import WIDTHS, Viewer, chromium  # noqa: PLC0415

    login = SupersetLogin.from_environment()
    password = os.environ.get("SUPERSET_DEMO_PASSWORD", "")
    if not password:
        raise SettingsError("SUPERSET_DEMO_PASSWORD is not set")
    boards = slugs or [asset.content["slug"] for asset in AssetFiles(ROOM).of("dashboards")]
    language = published_language(SupersetClient(login))
    seen = complained = 0
    with chromium() as browser:
        viewer = Viewer(browser, login.url, "demo", password, language)
        for slug in boards:
            for sight in look_at(viewer, slug, out, widths or WIDTHS, themes or ("light", "dark")):
                seen += 1
                complained += len(sight.complaints)
                click.echo(str(sight.picture))
                for complaint in sight.complaints:
                    click.echo(f"  {sight.tab}: {complaint}", err=True)
    click.echo(f"{seen} pictures, {complained} complaints")
    if complained:
        sys.exit(1)


commands.add_command(user_commands)


def main() -> None:
    """Run the command line; an expected error is one line, not a traceback."""
    try:
        commands()
    except EXPECTED_ERRORS as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
