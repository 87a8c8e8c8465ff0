"""Fixtures for tests that run the real Pulumi engine."""

from pathlib import Path

import pytest

from tests.engine_kit.settings import engine_settings


@pytest.fixture(scope="session")
def pulumi_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The engine's own folder, one for the whole session."""
    return tmp_path_factory.mktemp("pulumi-home")


@pytest.fixture
def engine_env(
    pulumi_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Settings of an engine with a state of its own; also in force in this process."""
    settings = engine_settings(pulumi_home, tmp_path / "backend")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return settings
