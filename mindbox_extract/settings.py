"""Settings of one installation, from environment variables; secrets come from nowhere else."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from .errors import ConfigurationError

PROJECT_FILE = Path(__file__).with_name("project.yml")


class Settings(BaseModel):
    """Where Mindbox and the warehouse are, and the secrets for both.

    Secrets are `SecretStr`, so neither a traceback nor a log shows them.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    clickhouse_host: str = Field(alias="CLICKHOUSE_HOST")
    clickhouse_port: int = Field(alias="CLICKHOUSE_PORT", gt=0)
    clickhouse_user: str = Field("etl", alias="CLICKHOUSE_USER")
    clickhouse_password: SecretStr = Field(alias="CLICKHOUSE_PASSWORD")
    clickhouse_secure: bool = Field(default=False, alias="CLICKHOUSE_SECURE")
    mindbox_url: str = Field(alias="MINDBOX_URL", pattern=r"^https?://")
    mindbox_endpoint_id: str = Field(alias="MINDBOX_ENDPOINT_ID", min_length=1)
    mindbox_secret_key: SecretStr = Field(alias="MINDBOX_SECRET_KEY", min_length=1)
    mindbox_file_hosts: str = Field(alias="MINDBOX_FILE_HOSTS", min_length=1)
    # A short secret would let anyone who knows the ids find the customers by trying.
    customer_key_secret: SecretStr = Field(alias="MINDBOX_CUSTOMER_KEY_SECRET", min_length=16)
    project_file: Path = Field(PROJECT_FILE, alias="MINDBOX_PROJECT_FILE")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the variables named by the aliases above; an empty variable counts as absent.

        Raises:
            ConfigurationError: a variable is missing or unreadable; its name is in the message,
                its value is not.
        """
        given = {k: v for k, v in (environment or os.environ).items() if v}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            problems = "; ".join(f"{e['loc'][0]}: {e['msg']}" for e in error.errors())
            raise ConfigurationError(
                f"environment: {problems}; see .env.example for what each variable means"
            ) from None

    @property
    def file_hosts(self) -> frozenset[str]:
        """Hosts (or host:port) that parts may be downloaded from."""
        return frozenset(h.strip().lower() for h in self.mindbox_file_hosts.split(",") if h.strip())
