"""What a team can set: `waarom.toml` for what is shared, the environment (WAAROM_*) for secrets.

Built once by the command that starts and handed down; nothing here is read at import.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


class Settings(BaseSettings):
    """Settings with their defaults; every name is also an environment variable WAAROM_<NAME>."""

    model_config = SettingsConfigDict(
        env_prefix="WAAROM_", toml_file="waarom.toml", extra="forbid", env_file=None
    )

    home: Path = Field(Path(".waarom"), description="Folder of the database and the secret.")
    database_url: str = Field("", description="Empty: a SQLite file in `home`.")
    models_dir: Path = Field(Path("models"), description="Folder of the model versions.")
    taxonomy: Path = Field(Path("taxonomy.toml"), description="The file with the drivers.")
    secret: SecretStr | None = Field(
        None, description="Key of the pseudonyms and draws; else a 0600 file in `home`."
    )
    timezone: str = Field("Europe/Amsterdam", description="Zone in which weeks and days begin.")
    language: Literal["nl", "en"] = Field("nl", description="Language of pages and reports.")

    label_studio_url: str = Field("", description="Address of Label Studio; empty: not used.")
    label_studio_api_key: SecretStr | None = Field(None, description="A personal or legacy token.")
    label_studio_project: str = Field("Waarom", description="Title of the project we make.")
    webhook_secret: SecretStr | None = Field(None, description="Shared with Label Studio.")

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8321, description="Port to listen on.")
    public_url: str = Field("", description="How Label Studio reaches us; else host and port.")

    count: Literal["conversation", "message"] = Field(
        "conversation", description="What a volume counts: conversations or every message."
    )
    reopening_days: int = Field(14, ge=0, description="A later message counts again after this.")
    ask_doubtful: Literal["all", "graded"] = Field(
        "all", description="Ask a person about every doubtful message, or by the graded draw only."
    )
    graded_budget: float = Field(60, gt=0, description="Audit questions a week, by graded draw.")
    expected_messages: float = Field(1000, gt=0, description="Messages a week, before history.")
    smallest_misroute: float | None = Field(
        None, gt=0, description="Confident misroutes a week that must be caught (m*)."
    )
    prefilled_share: float = Field(0.1, ge=0, le=1, description="Audits shown with a prediction.")
    draw_since_days: int = Field(28, ge=0, description="Older messages are not asked about.")
    target_precision: float = Field(0.95, gt=0, lt=1, description="Of what is routed by itself.")

    max_message_bytes: int = Field(1_000_000, gt=0, description="Larger messages are refused.")
    batch_limit: int = Field(1000, gt=0, description="Messages in one batch call.")
    claim_minutes: int = Field(30, gt=0, description="A claimed review comes free after this.")
    worker_seconds: float = Field(5.0, gt=0, description="Pause between two rounds of the worker.")

    @property
    def resolved_database_url(self) -> str:
        return self.database_url or f"sqlite:///{(self.home / 'waarom.db').absolute()}"

    @property
    def resolved_public_url(self) -> str:
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)
