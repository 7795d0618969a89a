"""The demo's own installation: nothing in it comes from the team's settings or environment."""

import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from service.sample import SAMPLE_TAXONOMY_PATH
from service.settings import Settings
from service.studio_server import StudioServer

PORT: Final = 8321
STUDIO_PORT: Final = 8322
AUDITS_A_WEEK: Final = 90
WEEKS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """Where the demo lives and how far it goes."""

    folder: Path
    messages: int = 12_000
    label_studio: bool = True
    check: bool = False


class DemoSettings(Settings):
    """Settings made here only: a WAAROM_DATABASE_URL in the environment is somebody's real one."""

    model_config = SettingsConfigDict(toml_file=None)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def demo_settings(options: DemoOptions, studio: StudioServer | None) -> Settings:
    """An installation in the demo's folder, linked to its Label Studio if it has one.

    Its secret is no secret: the customers are made up, and the same draws come every time.
    """
    return DemoSettings(
        home=options.folder,
        models_dir=options.folder / "models",
        taxonomy=SAMPLE_TAXONOMY_PATH,
        secret=SecretStr("the customers of the demo are made up"),
        graded_budget=AUDITS_A_WEEK * options.messages / 12_000,
        expected_messages=options.messages / WEEKS,
        port=free_port(PORT),
        worker_seconds=2.0,
        suspects_a_week=0,  # its people are always right
        label_studio_url=studio.url if studio else "",
        label_studio_api_key=SecretStr(studio.token) if studio else None,
        label_studio_project="Waarom demo",
        webhook_secret=SecretStr(secrets.token_urlsafe(24)) if studio else None,
    )


def free_port(port: int) -> int:
    """This port if nobody has it, else any free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
