"""`doctor`: what is missing on this machine, and how to get it."""

import json
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.deployed import Deployed, Trimaran


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH of its own with everything on it, and nobody logged in."""
    folder = tmp_path / "bin"
    folder.mkdir()
    programs = {
        "pulumi": f"#!/bin/sh\necho v{version('pulumi')}\n",
        "pulumi-language-python": "",
        "pulumi-language-python-exec": "",
        "pulumi-language-yaml": "",
        "pulumi-resource-trimaran": "",
    }
    for name, content in programs.items():
        (folder / name).write_text(content or "#!/bin/sh\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{folder}")
    monkeypatch.setattr(sys, "executable", str(folder / "python3"))
    (folder / "python3").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", f"{folder}:/bin")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    for name in ("PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return folder


def checks(trimaran: Trimaran) -> dict[str, dict[str, str]]:
    document = trimaran("doctor", "--json").document
    return {check["name"]: check for check in document["checks"]}


def test_a_complete_machine_is_fine(
    machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trimaran: Trimaran
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///tmp/x")
    monkeypatch.chdir(tmp_path)
    answer = trimaran("doctor", "--json")
    assert answer.code == 0
    assert answer.document["ok"] is True
    levels = {check["name"]: check["level"] for check in answer.document["checks"]}
    wanted = ("python", "pulumi", "pulumi-language-python", "plugin", "local cloud", "state")
    assert {name: levels[name] for name in wanted} == dict.fromkeys(wanted, "ok")


@pytest.mark.parametrize(
    ("program", "name", "fix"),
    [
        ("pulumi", "pulumi", "https://www.pulumi.com/docs/install/"),
        ("pulumi-language-python", "pulumi-language-python", "it comes with Pulumi"),
        ("pulumi-resource-trimaran", "plugin", "pip install trimaran"),
    ],
)
def test_what_is_missing_ends_with_1_and_says_how_to_get_it(
    machine: Path, trimaran: Trimaran, program: str, name: str, fix: str
) -> None:
    (machine / program).unlink()
    assert trimaran("doctor").code == 1
    found = checks(trimaran)[name]
    assert found["level"] == "missing"
    assert fix in found["fix"]
    assert f"{name}: " in trimaran("doctor").out


def test_an_old_engine_is_a_warning(machine: Path, trimaran: Trimaran) -> None:
    (machine / "pulumi").write_text("#!/bin/sh\necho v3.1.0\n")
    found = checks(trimaran)["pulumi"]
    assert found["level"] == "warning"
    assert found["found"].startswith("3.1.0 (")


def test_an_engine_that_does_not_start_is_a_warning(machine: Path, trimaran: Trimaran) -> None:
    (machine / "pulumi").write_text("#!/no/such/interpreter\n")
    assert checks(trimaran)["pulumi"]["found"].startswith("does not start (")


def test_missing_packages_of_the_local_cloud_are_named(
    machine: Path, trimaran: Trimaran, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = find_spec
    monkeypatch.setattr(
        "trimaran.cli.diagnosis.find_spec", lambda n: None if n == "skops" else find(n)
    )
    found = checks(trimaran)["local cloud"]
    assert (found["level"], found["found"]) == ("missing", "lacks skops")


def test_nobody_logged_in_is_a_warning_and_a_login_is_seen(
    machine: Path, tmp_path: Path, trimaran: Trimaran
) -> None:
    assert "pulumi login --local" in checks(trimaran)["state"]["fix"]
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "credentials.json").write_text(json.dumps({"current": "file://~"}))
    assert checks(trimaran)["state"]["found"] == "file://~"


def test_clouds_that_this_version_has_not_are_notes(machine: Path, trimaran: Trimaran) -> None:
    found = checks(trimaran)
    assert {found[name]["found"] for name in ("azure", "gcp")} == {"not part of trimaran 0.1.0"}


def test_a_gateway_that_is_gone_is_found(
    machine: Path, deployed: Deployed, trimaran: Trimaran
) -> None:
    found = checks(trimaran)["endpoint flights-local"]
    assert (found["level"], found["found"]) == ("warning", "down")
    assert "pulumi up -s local --refresh" in found["fix"]


def test_jobs_without_a_supervisor_are_found(
    machine: Path, deployed: Deployed, trimaran: Trimaran
) -> None:
    job = deployed.layout.job("flights-local-monitor")
    job.parent.mkdir(parents=True)
    job.write_text("{}")
    found = checks(trimaran)["supervisor"]
    assert found["found"] == "not running, with 1 job(s) to do"


def test_a_wrong_spec_or_a_damaged_folder_does_not_stop_the_doctor(
    machine: Path, deployed: Deployed, trimaran: Trimaran
) -> None:
    (deployed.layout.project / "flights.yaml").write_text("data: 1\npipeline: 2\n")
    (deployed.layout.endpoint("flights-local") / "definition.json").write_text("{")
    found = checks(trimaran)
    assert found["spec"]["found"] == "flights.yaml has 3 problem(s)"
    assert "cannot be read" in found["endpoints"]["found"]
