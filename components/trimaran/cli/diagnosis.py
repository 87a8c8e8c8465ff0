"""What `trimaran doctor` looks at: each check answers with one finding."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, entry_points, version
from importlib.util import find_spec
from pathlib import Path

from trimaran.clouds import EXTRAS, GROUP
from trimaran.spec.stack_file import PROJECT_FILE, project_of
from trimaran_providers.contract.errors import ProjectError

_PYTHON = (3, 11)
_PLUGIN = "pulumi-resource-trimaran"
_HOSTS = ("pulumi-language-python", "pulumi-language-python-exec")
_RUNTIME = ("numpy", "pandas", "pyarrow", "sklearn", "skops", "granian", "apscheduler", "apprise")
_SDKS = {"aws": "pulumi_aws", "azure": "pulumi_azure_native", "gcp": "pulumi_gcp"}
_INSTALL_PULUMI = "https://www.pulumi.com/docs/install/"
_SECONDS = 20


class Level(StrEnum):
    """How bad a finding is."""

    ok = "ok"
    note = "note"
    """Nothing to do unless you want it."""
    warning = "warning"
    """Works, but not as well as it could."""
    missing = "missing"
    """`pulumi up` on the local cloud does not work without it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        name: what was looked at.
        level: how bad it is.
        found: what is there.
        fix: how to get it right; empty when it is.
    """

    name: str
    level: Level
    found: str
    fix: str = ""


def diagnose(start: Path) -> list[Finding]:
    """Look at everything.

    Args:
        start: a folder; when it is in a project, the project's parts are looked at, too.
    """
    findings = [_python(), _environment(), _engine(), *_language_hosts(), _plugin()]
    findings += [_packages(), _backend(), *_clouds(), _go()]
    try:
        project = project_of(start)
    except ProjectError as exc:
        return [*findings, Finding("project", Level.note, exc.what, exc.next_step)]
    return [*findings, *_project(project)]


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < _PYTHON:
        return Finding("python", Level.missing, found, "install Python 3.11 or newer")
    return Finding("python", Level.ok, found)


def _environment() -> Finding:
    if sys.prefix == sys.base_prefix:
        return Finding(
            "environment",
            Level.warning,
            "no virtual environment",
            "make one: `python3 -m venv .venv`, then install trimaran into it",
        )
    first = shutil.which("python3") or shutil.which("python") or ""
    if Path(first).parent != Path(sys.executable).parent:
        return Finding(
            "environment",
            Level.warning,
            f"{sys.prefix} is not the first on PATH",
            f"activate it: `. {sys.prefix}/bin/activate`; Pulumi runs the first python on PATH",
        )
    return Finding("environment", Level.ok, sys.prefix)


def _engine() -> Finding:
    wanted = version("pulumi")
    pulumi = shutil.which("pulumi")
    if pulumi is None:
        return Finding(
            "pulumi", Level.missing, "not on PATH", f"install {wanted} or newer: {_INSTALL_PULUMI}"
        )
    found = _output([pulumi, "version"]).removeprefix("v")
    if not _as_new(found, wanted):
        fix = f"install {wanted} or newer: {_INSTALL_PULUMI}"
        return Finding("pulumi", Level.warning, f"{found or 'does not start'} ({pulumi})", fix)
    return Finding("pulumi", Level.ok, f"{found} ({pulumi})")


def _language_hosts() -> Iterator[Finding]:
    for name in _HOSTS:
        if _beside_pulumi(name) is None:
            fix = f"it comes with Pulumi: {_INSTALL_PULUMI}"
            yield Finding(name, Level.missing, "not found", fix)
        else:
            yield Finding(name, Level.ok, str(_beside_pulumi(name)))
    if _beside_pulumi("pulumi-language-yaml") is None:
        yield Finding("pulumi-language-yaml", Level.note, "not found; YAML programs need it")


def _plugin() -> Finding:
    on_path = shutil.which(_PLUGIN)
    beside = Path(sys.executable).parent / _PLUGIN
    if on_path:
        return Finding("plugin", Level.ok, on_path)
    if beside.is_file():
        return Finding(
            "plugin",
            Level.warning,
            f"{beside}, not on PATH",
            f"activate the environment: `. {sys.prefix}/bin/activate`",
        )
    return Finding("plugin", Level.missing, "not installed", "install it: `pip install trimaran`")


def _packages() -> Finding:
    missing = [name for name in _RUNTIME if find_spec(name) is None]
    if missing:
        fix = "install them: `pip install 'trimaran-runtime[local]'`"
        return Finding("local cloud", Level.missing, f"lacks {', '.join(missing)}", fix)
    return Finding("local cloud", Level.ok, f"trimaran-runtime {version('trimaran-runtime')}")


def _backend() -> Finding:
    url = os.environ.get("PULUMI_BACKEND_URL", "")
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    if not url:
        try:
            url = str(json.loads((home / "credentials.json").read_bytes()).get("current", ""))
        except (OSError, ValueError, AttributeError):
            url = ""
    if not url and not os.environ.get("PULUMI_ACCESS_TOKEN"):
        return Finding(
            "state",
            Level.warning,
            "not logged in",
            "keep Pulumi's state on this machine with `pulumi login --local`, "
            "or in Pulumi Cloud with `pulumi login`",
        )
    return Finding("state", Level.ok, url or "Pulumi Cloud")


def _clouds() -> Iterator[Finding]:
    offered = {entry.name for entry in entry_points(group=GROUP)}
    for name in EXTRAS:
        if name not in offered:
            found = f"not part of trimaran {version('trimaran')}"
            yield Finding(name, Level.note, found)
        elif find_spec(_SDKS[name]) is None:
            fix = f"install it: `pip install 'trimaran[{name}]'`"
            yield Finding(name, Level.note, "extra not installed", fix)
        else:
            yield Finding(name, Level.ok, _version_of(_SDKS[name]))


def _go() -> Finding:
    go = shutil.which("go")
    found = go or "not found; only needed to build Pulumi from source"
    return Finding("go", Level.ok if go else Level.note, found)


def _project(project: Path) -> Iterator[Finding]:
    yield Finding("project", Level.ok, str(project / PROJECT_FILE))
    yield from _checked("spec", _spec, project)
    yield from _checked("supervisor", _supervisor, project)
    yield from _checked("endpoints", _endpoints, project)


def _checked(
    name: str, check: Callable[[Path], Iterator[Finding]], project: Path
) -> Iterator[Finding]:
    """What a check finds, or the error it ended with: doctor itself never fails."""
    from trimaran_providers.contract.errors import TrimaranError
    from trimaran_runtime.errors import RuntimeFault

    try:
        yield from check(project)
    except (TrimaranError, RuntimeFault, OSError) as exc:
        yield Finding(name, Level.warning, str(exc).partition("\n")[0])


def _spec(project: Path) -> Iterator[Finding]:
    from trimaran.cli.spec_report import find_spec
    from trimaran.spec.load import load
    from trimaran_providers.contract.errors import SpecError

    file = find_spec(project)
    try:
        load(file)
    except SpecError as exc:
        wrong = f"{file.name} has {len(exc.problems)} problem(s)"
        yield Finding("spec", Level.warning, wrong, "see `trimaran validate`")
    else:
        yield Finding("spec", Level.ok, file.name)


def _supervisor(project: Path) -> Iterator[Finding]:
    from trimaran_providers.local.layout import Layout
    from trimaran_providers.local.supervisor.process import alive

    layout = Layout(project)
    jobs = len(list((layout.supervisor / "jobs").glob("*.json")))
    if jobs and not alive(layout):
        yield Finding(
            "supervisor",
            Level.warning,
            f"not running, with {jobs} job(s) to do",
            "start it: `pulumi up --refresh`",
        )
    elif jobs:
        yield Finding("supervisor", Level.ok, f"runs {jobs} job(s)")


def _endpoints(project: Path) -> Iterator[Finding]:
    from trimaran_providers.local.deployment import find_deployments
    from trimaran_providers.local.gateway.definition import read_definition
    from trimaran_providers.local.gateway.process import holder_of_port

    for deployment in find_deployments(project):
        name, endpoint = f"endpoint {deployment.physical}", deployment.endpoint()
        if endpoint.phase != "stopped":
            yield Finding(name, Level.ok, f"{endpoint.phase.replace('_', ' ')}, {endpoint.url}")
            continue
        definition = read_definition(deployment.layout.endpoint(deployment.physical))
        if definition is None:
            continue
        holder = holder_of_port(definition.port) if definition.port else ""
        found = f"down; its port {definition.port} is taken by {holder}" if holder else "down"
        fix = f"start it: `pulumi up -s {deployment.stack} --refresh`"
        yield Finding(
            name, Level.warning, found, f"end that process, then {fix}" if holder else fix
        )


def _beside_pulumi(name: str) -> Path | None:
    pulumi = shutil.which("pulumi")
    if pulumi is not None:
        beside = Path(pulumi).resolve().parent / name
        if beside.is_file():
            return beside
    found = shutil.which(name)
    return Path(found) if found else None


def _output(command: list[str]) -> str:
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, env=environment, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _as_new(found: str, wanted: str) -> bool:
    have, want = (tuple(map(int, re.findall(r"\d+", text)[:3])) for text in (found, wanted))
    return len(have) == len(want) and have[0] == want[0] and have >= want


def _version_of(module: str) -> str:
    try:
        return version(module.replace("_", "-"))
    except PackageNotFoundError:
        return "installed"
