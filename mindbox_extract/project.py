"""The project file: everything that differs between two clients and is no secret."""

import os
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from .errors import ConfigurationError

TIME_ZONE_VARIABLE = "PROJECT_TIME_ZONE"
QUIET_TAIL_VARIABLE = "RECONCILIATION_QUIET_TAIL_MINUTES"

OrderCategory = Literal["CheckedOut", "Paid", "Delivered", "Cancelled", "Returned"]
ActionKind = Literal[
    "site_visit",
    "app_launch",
    "category_view",
    "product_view",
    "cart_add",
    "cart_remove",
    "cart_set",
    "cart_clear",
    "checkout_start",
    "registration",
    "subscription",
    "unsubscription",
    "contact_invalid",
    "contact_valid",
    "points",
    "survey_answer",
]
Deed = Literal[
    "click",
    "order",
    "site_visit",
    "app_launch",
    "category_view",
    "product_view",
    "cart_add",
    "checkout_start",
    "survey_answer",
]
ContactPoint = Literal["online", "offline"]
VisitSource = Literal[
    "direct",
    "organic_search",
    "email",
    "social",
    "paid_social",
    "paid_search",
    "display",
    "other_ads",
    "referral",
]

_KINDS_OF_A_CHANNEL = frozenset(
    {"subscription", "unsubscription", "contact_invalid", "contact_valid"}
)
_OWN_NAME = r"^[A-Za-z][A-Za-z0-9_]*$"


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"{name!r} is no IANA time zone") from None
    return name


class _Section(BaseModel):
    # A misspelt setting must not be ignored in silence.
    # Ids that look like numbers are read from YAML as numbers.
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class Attribution(_Section):
    """How an order is credited to a mailing; see Mindbox's help page on attribution."""

    version: str = Field(min_length=1)
    window_days: int = Field(ge=1, le=30)
    sms_touch: Literal["click", "delivery"]
    excluded_mailing_types: list[Literal["mass", "trigger", "transaction"]]
    excluded_mailings: list[str]
    break_on_non_direct_visit: bool
    click_visit_grace_seconds: int = Field(ge=0, le=3600)
    human_touches_only: bool
    channel_windows_days: dict[
        Annotated[str, Field(pattern="^[a-z]+$")], Annotated[int, Field(ge=1, le=30)]
    ]
    decay_half_life_days: float = Field(gt=0, le=30)
    promo_codes: dict[
        Annotated[str, Field(min_length=1)], Annotated[list[str], Field(min_length=1)]
    ]


class Thresholds(_Section):
    """Days since the last order after which a customer is about to leave, and has left."""

    at_risk_days: int = Field(ge=1)
    churn_days: int = Field(ge=2)

    @model_validator(mode="after")
    def _is_at_risk_before_gone(self) -> Self:
        if self.at_risk_days >= self.churn_days:
            raise ValueError("at_risk_days must be less than churn_days")
        return self


class Lifecycle(Thresholds):
    """The thresholds of all brands together, and of single brands where they differ."""

    by_brand: dict[str, Thresholds]


class Engagement(_Section):
    """What makes a customer's engagement score.

    Attributes:
        weights: points of one deed, by kind.
        window_days: for which a deed counts.
        half_life_days: after which it is worth half its points.
    """

    weights: Annotated[
        dict[Deed, Annotated[Decimal, Field(gt=0, le=100, decimal_places=2)]], Field(min_length=1)
    ]
    window_days: int = Field(ge=1, le=366)
    half_life_days: float = Field(gt=0, le=366)


class Experiments(_Section):
    """What the project tests its mailings with.

    Attributes:
        planned_control_shares: of a mailing's own control group, by a tag of the mailing.
    """

    planned_control_shares: dict[str, Annotated[float, Field(gt=0, lt=1)]]


class ActionTemplate(_Section):
    """What actions of one of the project's own templates mean.

    Attributes:
        channel: of the subscription or contact that the action changes.
        survey: that the action answers.
    """

    kind: ActionKind
    channel: str = ""
    survey: str = ""

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        if bool(self.channel) != (self.kind in _KINDS_OF_A_CHANNEL):
            raise ValueError(f"{self.kind} {'has no' if self.channel else 'needs a'} channel")
        if bool(self.survey) != (self.kind == "survey_answer"):
            raise ValueError(f"{self.kind} {'has no' if self.survey else 'needs a'} survey")
        return self


class Site(_Section):
    """What makes a visit; see Mindbox's help page on the source of a visit."""

    session_timeout_minutes: int = Field(ge=1, le=1440)


class Reconciliation(_Section):
    """When a report of Mindbox may be compared with what is loaded."""

    quiet_tail_minutes: int = Field(ge=0)


class Quarantine(_Section):
    """How many unreadable rows a load may set aside before it fails."""

    max_share: float = Field(ge=0, le=1)
    min_rows: int = Field(ge=1)


class Windows(_Section):
    """How many days one export may span, per dataset."""

    export_days: dict[str, Annotated[int, Field(ge=1, le=92)]]


class Polling(_Section):
    """How long and how often a running export is asked for, in seconds."""

    first_wait_seconds: float = Field(gt=0)
    longest_wait_seconds: float = Field(gt=0)
    give_up_after_seconds: float = Field(gt=0)


class Transport(_Section):
    """Timeouts and repeats of single requests."""

    connect_timeout_seconds: float = Field(gt=0)
    read_timeout_seconds: float = Field(gt=0)
    retries: int = Field(ge=0, le=10)
    backoff_seconds: float = Field(ge=0)
    longest_retry_after_seconds: float = Field(gt=0)
    items_per_page: int = Field(ge=1, le=10_000)


class Project(_Section):
    """One client's Mindbox project, as `project.yml` describes it explains it."""

    time_zone: Annotated[str, AfterValidator(_known_zone)]
    decimal_separator: Literal[".", ","]
    operations: dict[str, str]
    product_id_system: str = Field(pattern=_OWN_NAME)
    product_cost_field: str | None = Field(pattern=_OWN_NAME)
    action_templates: dict[str, ActionTemplate]
    survey_score_field: str | None = Field(pattern=_OWN_NAME)
    visit_sources: dict[str, VisitSource]
    contact_points: dict[str, ContactPoint]
    segmentations: list[str]
    order_status_categories: dict[str, OrderCategory]
    order_goal_categories: list[OrderCategory]
    lifecycle: Lifecycle
    engagement: Engagement
    attribution: Attribution
    experiments: Experiments
    site: Site
    reconciliation: Reconciliation
    quarantine: Quarantine
    windows: Windows
    polling: Polling
    transport: Transport

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read and check the file.

        The environment's PROJECT_TIME_ZONE, which Superset's clock follows too, goes before the
        file's `time_zone`, and RECONCILIATION_QUIET_TAIL_MINUTES before its quiet tail.

        Raises:
            ConfigurationError: no such file, no YAML, or a setting that is unknown, missing or
                out of its range.
        """
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            if isinstance(content, dict):
                if os.environ.get(TIME_ZONE_VARIABLE):
                    content["time_zone"] = os.environ[TIME_ZONE_VARIABLE]
                if os.environ.get(QUIET_TAIL_VARIABLE):
                    tail = os.environ[QUIET_TAIL_VARIABLE]
                    content["reconciliation"] = {"quiet_tail_minutes": tail}
            return cls.model_validate(content)
        except OSError as error:
            raise ConfigurationError(
                f"project file {path}: {error.strerror}; set MINDBOX_PROJECT_FILE to yours"
            ) from error
        except yaml.YAMLError as error:
            raise ConfigurationError(f"project file {path} is not YAML: {error}") from error
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()
            )
            raise ConfigurationError(f"project file {path}: {problems}") from error

    def operation(self, dataset: str) -> str:
        """Name of the operation that brings the dataset, as the client's administrator named it.

        Raises:
            ConfigurationError: the project file names none.
        """
        try:
            return self.operations[dataset]
        except KeyError:
            raise ConfigurationError(
                f"{dataset}: the project file names no operation for it; create one in Mindbox "
                f"and add `operations.{dataset}`"
            ) from None

    def export_days(self, dataset: str) -> int:
        """Longest window of one load of the dataset, in days."""
        return self.windows.export_days.get(dataset, 1)

    def dbt_vars(self) -> dict[str, Any]:
        """What the models need to know of the project, as dbt's `--vars`."""
        return {
            "project_time_zone": self.time_zone,
            "order_goal_categories": self.order_goal_categories,
            "order_status_categories": dict(self.order_status_categories),
            "at_risk_days": self.lifecycle.at_risk_days,
            "churn_days": self.lifecycle.churn_days,
            "lifecycle_by_brand": {
                brand: thresholds.model_dump()
                for brand, thresholds in self.lifecycle.by_brand.items()
            },
            "engagement_weights": {
                kind: float(points) for kind, points in self.engagement.weights.items()
            },
            "engagement_window_days": self.engagement.window_days,
            "engagement_half_life_days": self.engagement.half_life_days,
            "attribution_window_days": self.attribution.window_days,
            "attribution_sms_touch": self.attribution.sms_touch,
            "attribution_excluded_mailing_types": self.attribution.excluded_mailing_types,
            "attribution_excluded_mailings": self.attribution.excluded_mailings,
            "attribution_break_on_non_direct_visit": self.attribution.break_on_non_direct_visit,
            "attribution_click_visit_grace_seconds": self.attribution.click_visit_grace_seconds,
            "attribution_version": self.attribution.version,
            "attribution_human_touches_only": self.attribution.human_touches_only,
            "attribution_channel_windows_days": dict(self.attribution.channel_windows_days),
            "attribution_decay_half_life_days": self.attribution.decay_half_life_days,
            "attribution_promo_codes": dict(self.attribution.promo_codes),
            "planned_control_shares": dict(self.experiments.planned_control_shares),
            "site_session_timeout_minutes": self.site.session_timeout_minutes,
            "reconciliation_quiet_tail_minutes": self.reconciliation.quiet_tail_minutes,
            "action_templates": {
                name: template.model_dump() for name, template in self.action_templates.items()
            },
            "contact_points": dict(self.contact_points),
            "visit_sources": dict(self.visit_sources),
        }
