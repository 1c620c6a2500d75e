"""The project file: one client's settings, checked before anything runs."""

from pathlib import Path

import pytest

from mindbox_extract.errors import ConfigurationError
from mindbox_extract.project import Project
from mindbox_extract.settings import PROJECT_FILE


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A copy of the shipped file that a test may change."""
    copy = tmp_path / "project.yml"
    copy.write_text(PROJECT_FILE.read_text(encoding="utf-8"), encoding="utf-8")
    return copy


def test_the_environments_time_zone_goes_before_the_files(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROJECT_TIME_ZONE", "Asia/Yekaterinburg")
    assert Project.read(written).dbt_vars()["project_time_zone"] == "Asia/Yekaterinburg"
    monkeypatch.delenv("PROJECT_TIME_ZONE")
    assert Project.read(written).dbt_vars()["project_time_zone"] == "Europe/Moscow"


@pytest.mark.parametrize(
    ("given", "instead", "named"),
    [
        ("time_zone: Europe/Moscow", "time_zone: Europe/Nowhere", "time_zone"),
        ("window_days: 7", "window_days: 31", "attribution.window_days"),
        ("at_risk_days: 120", "at_risk_days: 255", "must be less than churn_days"),
        ("by_brand: {}", "by_brand: {yasen: {churn_days: 90}}", "by_brand.yasen.at_risk_days"),
        ("sms_touch: click", "sms_touch: open", "attribution.sms_touch"),
        ("max_share: 0.01", "max_shear: 0.01", "quarantine.max_shear"),
        ("{kind: points}", "{kind: pints}", "action_templates.IzmenenieBallov.kind"),
        ("{kind: points}", "{kind: points, channel: SMS}", "points has no channel"),
        ("{kind: contact_valid, channel: SMS}", "{kind: contact_valid}", "needs a channel"),
        ("survey: NPS}", "}", "survey_answer needs a survey"),
        ("call-centre: offline", "call-centre: sideways", "contact_points.call-centre"),
        ("Direct: direct", "Direct: straight", "visit_sources.Direct"),
        ("click_visit_grace_seconds: 300", "click_visit_grace_seconds: -1", "grace_seconds"),
        ("{email: 5,", "{email: 31,", "attribution.channel_windows_days.email"),
        ("decay_half_life_days: 2", "decay_half_life_days: 0", "attribution.decay_half_life_days"),
        (
            "[yasen_welcome_email, severchay_welcome_email]",
            "[]",
            "attribution.promo_codes.WELCOME-",
        ),
        ("{click: 2,", "{clicks: 2,", "engagement.weights.clicks"),
        ("{click: 2,", "{click: 0,", "engagement.weights.click"),
        ("{click: 2,", "{click: 2.125,", "engagement.weights.click"),
        ("{click: 2,", "{click: two,", "engagement.weights.click"),
        (
            "{click: 2, site_visit: 1, app_launch: 1, cart_add: 3, order: 10, survey_answer: 5}",
            "{}",
            "engagement.weights",
        ),
        ("window_days: 90", "window_days: 0", "engagement.window_days"),
        ("half_life_days: 30", "half_life_days: 0", "engagement.half_life_days"),
        ('"тест 50/50": 0.5', '"тест 50/50": 50', "experiments.planned_control_shares"),
    ],
)
def test_a_wrong_setting_is_named(written: Path, given: str, instead: str, named: str) -> None:
    text = written.read_text(encoding="utf-8")
    assert given in text
    written.write_text(text.replace(given, instead), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=named.replace(".", r"\.")):
        Project.read(written)


def test_a_missing_file_says_which_setting_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="MINDBOX_PROJECT_FILE"):
        Project.read(tmp_path / "absent.yml")


def test_the_models_are_told_what_templates_sources_and_points_of_contact_mean() -> None:
    told = Project.read(PROJECT_FILE).dbt_vars()
    assert told["action_templates"]["PodpiskaNaSms"] == {
        "kind": "subscription",
        "channel": "SMS",
        "survey": "",
    }
    assert told["visit_sources"]["OrganicSearch"] == "organic_search"
    assert told["contact_points"]["call-centre"] == "offline"
    assert told["attribution_break_on_non_direct_visit"] is True
    assert told["attribution_click_visit_grace_seconds"] == 300


def test_a_brand_may_have_thresholds_of_its_own(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    own = "by_brand: {yasen: {at_risk_days: 30, churn_days: 90}}"
    written.write_text(text.replace("by_brand: {}", own), encoding="utf-8")

    told = Project.read(written).dbt_vars()

    assert (told["at_risk_days"], told["churn_days"]) == (120, 255)
    assert told["lifecycle_by_brand"] == {"yasen": {"at_risk_days": 30, "churn_days": 90}}


def test_ids_that_look_like_numbers_are_texts(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    written.write_text(text.replace("call-centre: offline", "70: offline"), encoding="utf-8")
    assert Project.read(written).contact_points["70"] == "offline"


def test_the_environment_shortens_what_must_be_loaded_before_a_report_is_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Project.read(PROJECT_FILE).dbt_vars()["reconciliation_quiet_tail_minutes"] == 0
    monkeypatch.setenv("RECONCILIATION_QUIET_TAIL_MINUTES", "60")
    assert Project.read(PROJECT_FILE).dbt_vars()["reconciliation_quiet_tail_minutes"] == 60
