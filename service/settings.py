"""What a team can set: `waarom.toml` for what is shared, the environment (WAAROM_*) for secrets.

Built once by the command that starts and handed down; nothing here is read at import.
"""

import os
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from classifier.errors import WaaromError

FILE: Final = "waarom.toml"
PREFIX: Final = "WAAROM_"
SECRETS: Final = ("secret", "label_studio_api_key", "webhook_secret")
"""Settings that come from the environment only."""
PATHS: Final = ("home", "models_dir", "taxonomy")


Share = Annotated[float, Field(ge=0, le=1)]
Sliced = Literal["channel", "language", "product", "partner"]
"""What volumes are kept by."""


class BadSettings(WaaromError):
    """Settings that cannot be used; the sentence says which, and where they are set."""


class Settings(BaseSettings):
    """Settings with their defaults; every name is also an environment variable WAAROM_<NAME>."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, toml_file=FILE, extra="forbid", env_file=None, env_ignore_empty=True
    )

    home: Path = Field(Path(".waarom"), description="Folder of the database and the secret.")
    database_url: str = Field(
        "",
        description="As in postgresql://user:password@host/name; empty: a SQLite file in `home`.",
    )
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
    port: int = Field(8321, ge=0, le=65535, description="Port to listen on.")
    public_url: str = Field("", description="How Label Studio reaches us; else host and port.")

    count: Literal["conversation", "message"] = Field(
        "conversation", description="What a volume counts: conversations or every message."
    )
    reopening_days: int = Field(14, ge=0, description="A later message counts again after this.")
    ask_doubtful: Literal["all", "graded"] = Field(
        "all", description="Ask a person about every doubtful message, or by the graded draw only."
    )
    publish_after_days: int = Field(
        3, ge=0, le=28, description="A week's figures are published so many days after its end."
    )
    graded_budget: float = Field(60, gt=0, description="Audit questions a week, by graded draw.")
    expected_messages: float = Field(1000, gt=0, description="Messages a week, before history.")
    smallest_misroute: float | None = Field(
        None,
        gt=0,
        description="Confident misroutes a week that must be caught (m*).",
        examples=[25],
    )
    second_opinion_share: float = Field(
        0, ge=0, le=1, description="Answers another person is asked about again, blind (0: none)."
    )
    prefilled_share: float = Field(0.1, ge=0, le=1, description="Audits shown with a prediction.")
    questions_a_day: int = Field(
        40,
        ge=0,
        description="A day with fewer is filled up with messages to learn from (0: never).",
    )
    draw_since_days: int = Field(28, ge=0, description="Older messages are not asked about.")
    target_precision: float = Field(0.95, gt=0, lt=1, description="Of what is routed by itself.")
    assumed_unknown: float = Field(
        0.03, gt=0, lt=1, description="Share about none of the drivers, until drawn answers say."
    )
    encoder_reads: Literal["auto", "all"] | Share = Field(
        "auto",
        description="What an encoder reads: all, a share such as 0.1, or no more than half "
        "where that costs nothing.",
    )

    pairs: list[tuple[Sliced, Sliced]] = Field(
        [], description='Volumes also by two at once, as in [["channel", "product"]].'
    )

    max_message_bytes: int = Field(1_000_000, gt=0, description="Larger messages are refused.")
    batch_limit: int = Field(1000, gt=0, description="Messages in one batch call.")
    claim_minutes: int = Field(30, gt=0, description="A claimed review comes free after this.")
    warm_up: bool = Field(
        True, description="Compile the scorer when the service starts, and for each new model."
    )
    worker_seconds: float = Field(5.0, gt=0, description="Pause between two rounds of the worker.")

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (OSError, ValueError, KeyError):
            raise ValueError("must be a time zone such as Europe/Amsterdam") from None
        return name

    @field_validator("database_url")
    @classmethod
    def _is_a_database(cls, url: str) -> str:
        kind = url.partition(":")[0].partition("+")[0]
        if url and kind not in ("sqlite", "postgresql"):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        if kind == "postgresql" and not urlsplit(url).username:
            raise ValueError("must name a user, as in postgresql://user:password@host/name")
        return url

    @field_validator("pairs")
    @classmethod
    def _are_of_two(cls, pairs: list[tuple[Sliced, Sliced]]) -> list[tuple[Sliced, Sliced]]:
        if any(first == second for first, second in pairs):
            raise ValueError("must name two different ones")
        if len({frozenset(pair) for pair in pairs}) < len(pairs):
            raise ValueError("must name each pair once")
        return pairs

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
        shared = TomlConfigSettingsSource(settings_cls)
        for name in sorted(set(SECRETS) & set(shared.toml_data)):
            raise BadSettings(
                f"{FILE}: {name} does not belong in a shared file; take it out and set "
                f"{PREFIX}{name.upper()} in the environment"
            )
        return init_settings, env_settings, shared


def read_settings(folder: Path = Path()) -> Settings:
    """The settings of a folder and the environment; relative paths begin in that folder.

    Raises `BadSettings`.
    """
    settings = _read(folder)
    paths = {name: folder / getattr(settings, name) for name in PATHS}
    return settings.model_copy(update=paths)


def _read(folder: Path) -> Settings:
    class FolderSettings(Settings):
        model_config = SettingsConfigDict(toml_file=folder / FILE)

    try:
        return FolderSettings()
    except ValidationError as error:
        raise BadSettings("; ".join(map(_problem, error.errors()))) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{FILE}: not valid TOML in UTF-8: {error}") from None


def _problem(error: Any) -> str:
    """One thing pydantic says, in a sentence that never repeats the value: it may be a secret."""
    name = str(error["loc"][0]) if error["loc"] else ""
    if error["type"] == "extra_forbidden":
        near = get_close_matches(name, Settings.model_fields, n=1)
        hint = f"did you mean {near[0]}?" if near else "docs/settings.md lists those there are"
        return f"{FILE}: there is no setting {name}; {hint}"
    variable = PREFIX + name.upper()
    place = variable if _in_environment(variable) else f"{FILE}, {name}"
    said = str(error["msg"]).removeprefix("Value error, ")
    return f"{place}: {said[0].lower()}{said[1:]}"


def _in_environment(variable: str) -> bool:
    return any(name.upper() == variable for name in os.environ)
