"""The server as SageMaker starts it: `serve`, the release's files in a folder, no store."""

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.serving.releases import ROW, new_store, publish, publish_misbehaving
from tests.serving.traffic import ask, predict
from trimaran_runtime.registry.release import read_release
from trimaran_runtime.registry.serving_files import write_serving_files
from trimaran_runtime.serving.config import CaptureConfig, ServerConfig
from trimaran_runtime.storage.store import Store

ASKED = [("AA", 0), ("B6", 2), ("never seen", 1), (None, -5)]
HEAVY = {"sklearn", "scipy", "pandas", "pyarrow"}
Start = Callable[..., "Container"]
Files = Callable[[str], Path]


class Container:
    """A server process with a container's environment; `url` reaches it."""

    def __init__(self, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.url, self.process, self._log = f"http://127.0.0.1:{port}", process, log

    @property
    def log(self) -> str:
        return self._log.read_text()

    def ping(self) -> int:
        """Ask until the port is open; returns the status."""
        deadline = time.monotonic() + 60
        while True:
            try:
                return ask(self.url, timeout=2)[0]
            except ConnectionRefusedError:
                assert self.process.poll() is None, self.log
                assert time.monotonic() < deadline, self.log
                time.sleep(0.02)

    def wait(self) -> None:
        """Until it is in service, as SageMaker sees it."""
        while self.ping() != 200:
            assert self.process.poll() is None, self.log
            time.sleep(0.02)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, str, str]:
    """A store with two exported releases: of a plain model, and of one of the user's own class."""
    store = new_store(tmp_path_factory.mktemp("exported"))
    plain, own = publish(store), publish_misbehaving(store, "fine")
    for release in (plain, own):
        write_serving_files(store, read_release(store, release))
    return store, plain, own


@pytest.fixture
def files(exported: tuple[Store, str, str], tmp_path: Path) -> Files:
    """Copies what SageMaker copies: the folder of a release, away from any store."""

    def copy(release: str) -> Path:
        assert exported[0].path is not None
        target = tmp_path / f"model-{release[:6]}"
        shutil.copytree(exported[0].path / "serving" / release, target)
        return target

    return copy


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def begin(folder: Path, release: str, **environ: str) -> Container:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        log = tmp_path / "container.log"
        given = {
            "TRIMARAN_RELEASE": release,
            "TRIMARAN_MODEL_DIR": str(folder),
            "SAGEMAKER_BIND_TO_PORT": str(port),
            "TMPDIR": str(tmp_path),
            **environ,
        }
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "trimaran_runtime.serving", "serve"],
                stderr=output,
                cwd=tmp_path,
                env={**os.environ, **given},
            )
        started.append(process)
        return Container(port, process, log)

    yield begin
    for process in started:
        process.kill()
        process.wait()


def test_it_serves_the_folder_on_every_address_of_the_container(
    exported: tuple[Store, str, str], files: Files, start: Start
) -> None:
    _, release, _ = exported
    server = start(files(release), release)
    server.wait()
    status, _, answer = predict(server.url)
    assert (status, answer["release"]) == (200, release[:12])
    assert set(answer["predictions"][0]) == {"label", "probability"}
    # SageMaker asks over the container's network, not over the loopback.
    listening = subprocess.run(
        ["/bin/sh", "-c", f"cat /proc/{server.process.pid}/net/tcp"], capture_output=True, text=True
    ).stdout
    port = f"{int(server.url.rpartition(':')[2]):04X}"
    assert f" 00000000:{port} 00000000:0000 0A" in listening
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(25) == 0
    assert "Traceback" not in server.log


def test_a_lowered_model_answers_the_same_and_loads_none_of_the_heavy_libraries(
    start: Start, tmp_path: Path
) -> None:
    store = new_store(tmp_path / "store")
    told = []
    for lowered in (False, True):
        release = publish(store, lowered=lowered)
        write_serving_files(store, read_release(store, release))
        assert store.path is not None
        server = start(store.path / "serving" / release, release)
        server.wait()
        rows = [{**ROW, "carrier": carrier, "stops": stops} for carrier, stops in ASKED]
        told.append(ask(server.url, "/invocations", {"instances": rows})[2]["predictions"])
        mapped = Path(f"/proc/{server.process.pid}/maps").read_text()
        loaded = {name for name in HEAVY if f"/{name}/" in mapped}
        assert loaded == (set() if lowered else HEAVY)
        memory = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text()
        pss_kib = next(int(line.split()[1]) for line in memory.splitlines() if "Pss:" in line)
        # The figure to hold is 100 MB; the original's is told to show that this one is not idle.
        assert (pss_kib < 100_000) is lowered
    ours, theirs = told[1], told[0]
    assert [each["label"] for each in ours] == [each["label"] for each in theirs]
    chances = [[each["probability"] for each in answers] for answers in (ours, theirs)]
    assert chances[0] == pytest.approx(chances[1], rel=1e-12)
    assert len(set(chances[0])) == len(ASKED)


def test_the_model_may_be_of_the_users_own_class(
    exported: tuple[Store, str, str], files: Files, start: Start, tmp_path: Path
) -> None:
    _, _, release = exported
    server = start(files(release), release)
    server.wait()
    assert predict(server.url)[2]["predictions"] == [{"label": True, "probability": 0.75}]
    assert list(tmp_path.glob("trimaran-code-*/misbehaving.py"))
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(25) == 0
    assert not list(tmp_path.glob("trimaran-code-*"))


def test_the_health_check_is_answered_while_the_release_is_being_loaded(
    exported: tuple[Store, str, str], files: Files, start: Start
) -> None:
    # SageMaker gives an answer two seconds, and the container minutes to say 200.
    _, release, _ = exported
    server = start(files(release), release)
    begun = time.monotonic()
    statuses = [server.ping()]
    while statuses[-1] != 200:
        begun = time.monotonic()
        statuses.append(server.ping())
        assert time.monotonic() - begun < 2
    assert statuses[0] == 503
    assert set(statuses) == {503, 200}


def test_its_configuration_is_in_the_environment_and_nothing_is_recorded(
    exported: tuple[Store, str, str], files: Files, start: Start
) -> None:
    _, release, _ = exported
    config = ServerConfig.model_validate(
        {"capture": CaptureConfig(), "limits": {"max_rows": 2, "max_body_mib": 1}}
    )
    folder = files(release)
    server = start(folder, release, TRIMARAN_SERVER_CONFIG=config.model_dump_json())
    server.wait()
    rows = {"instances": [ROW] * 3}
    assert ask(server.url, "/invocations", rows)[0] == 413
    assert ask(server.url, "/invocations", {"instances": [ROW] * 2})[0] == 200
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(25) == 0
    assert sorted(p.name for p in folder.iterdir()) == [
        "code.tar.gz",
        "manifest.json",
        "model.skops",
    ]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("model.skops", "model.skops does not match its digest"),
        ("code.tar.gz", "code.tar.gz does not match its digest"),
        ("manifest.json", "manifest.json does not match its digest"),
        (None, "there is no manifest.json"),
    ],
)
def test_files_that_are_not_the_releases_end_it_with_the_reason(
    exported: tuple[Store, str, str], files: Files, start: Start, name: str | None, says: str
) -> None:
    _, release, _ = exported
    folder = files(release)
    if name is None:
        shutil.rmtree(folder)
    else:
        content = bytearray((folder / name).read_bytes())
        content[-1] ^= 1
        (folder / name).write_bytes(content)
    server = start(folder, release)
    assert server.process.wait(60) == 2
    assert says in server.log
    assert "Traceback" not in server.log


@pytest.mark.parametrize(
    ("environ", "arguments", "says"),
    [
        ({}, [], "nothing says which release to serve"),
        ({"TRIMARAN_RELEASE": ""}, [], "nothing says which release to serve"),
        ({"TRIMARAN_RELEASE": "a"}, ["--store", "file:///x"], "nothing says which release"),
        ({"TRIMARAN_RELEASE": "a", "TRIMARAN_SERVER_CONFIG": "{"}, [], "Invalid JSON"),
        ({"TRIMARAN_RELEASE": "a", "TRIMARAN_SERVER_CONFIG": '{"x": 1}'}, [], "x: "),
    ],
)
def test_what_it_is_not_told_or_told_wrongly_ends_it(
    environ: dict[str, str], arguments: list[str], says: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "trimaran_runtime.serving", "serve", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environ},
    )
    assert ended.returncode == 2
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


def test_what_it_answers_is_what_the_monitor_reads_back(
    exported: tuple[Store, str, str], files: Files, start: Start, tmp_path: Path
) -> None:
    from datetime import UTC, datetime, timedelta

    from trimaran_runtime.monitoring.sagemaker_capture import SageMakerCapture

    store, release, _ = exported
    server = start(files(release), release)
    server.wait()
    body = {"instances": [ROW]}
    answer = ask(server.url, "/invocations", body)[2]
    now = datetime.now(UTC)
    data = {
        "endpointInput": {
            "observedContentType": "application/json",
            "encoding": "BASE64",
            "data": base64.b64encode(json.dumps(body).encode()).decode(),
        },
        "endpointOutput": {"encoding": "JSON", "data": json.dumps(answer)},
    }
    about = {"eventId": "e1", "inferenceTime": now.isoformat()}
    folder = tmp_path / "captured" / "flights" / "main" / f"{now:%Y/%m/%d/%H}"
    folder.mkdir(parents=True)
    line = json.dumps({"captureData": data, "eventMetadata": about, "eventVersion": "0"})
    (folder / "a.jsonl").write_text(f"{line}\n")
    capture = SageMakerCapture(
        (tmp_path / "captured").as_uri(),
        "flights",
        release=read_release(store, release),
        since=now - timedelta(hours=1),
        until=now,
    )
    (request,) = capture.requests()
    assert request.rows == [ROW]
    assert request.predictions == answer["predictions"]
