"""A whole run as SageMaker does it: archives, folders, hyperparameters, and the store on S3."""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws.moto_server import make_bucket, moto_server
from tests.runtime.toy_run import TOY, toy_config
from trimaran_runtime.config import RunConfig
from trimaran_runtime.registry.channels import Channel, current
from trimaran_runtime.registry.release import read_release
from trimaran_runtime.registry.serving_files import read_manifest
from trimaran_runtime.steps.ports import PIPELINE, Ports
from trimaran_runtime.storage.store import Store, blob_key


def packed(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path in sorted(folder.glob("*")):
            if path.is_file():
                archive.add(path, path.name)
    return buffer.getvalue()


class Pipeline:
    """Runs jobs, each in a process and with folders of its own, and carries outputs between."""

    def __init__(self, folder: Path, store: Store, environ: dict[str, str]) -> None:
        self._folder, self._store, self._environ = folder, store, environ
        self._code = store.put_blob(packed(TOY))
        self._outputs = {
            "config": {"config.json": RunConfig.model_validate(toy_config()).to_json()},
            "code": {"code.tar.gz": store.read(blob_key(self._code))},
        }

    def run(self) -> None:
        for ports in PIPELINE:
            self._job(ports)

    def output(self, port: str, name: str) -> bytes:
        return self._outputs[port][name]

    def _job(self, ports: Ports) -> None:
        root = self._folder / ports.name
        arguments = [sys.executable, "-m", "trimaran_runtime.steps", ports.name]
        for port in ports.inputs:
            folder = root / "input" / port
            folder.mkdir(parents=True)
            for name, content in self._outputs[port].items():
                (folder / name).write_bytes(content)
            is_archive = any(name.endswith(".tar.gz") for name in self._outputs[port])
            arguments += ["--archive" if is_archive else "--input", f"{port}={folder}"]
        for port in ports.outputs:
            (root / "output" / port).mkdir(parents=True)
            arguments += ["--output", f"{port}={root / 'output' / port}"]
        values = {"run": "run-1", "code": self._code, "environment": "sha256:env"}
        if ports.needs_store:
            values["store"] = self._store.uri
        if ports.name == "register":
            values |= {"on_refusal": "record", "export": "serving"}
        for name, value in values.items():
            arguments += ["--param", f"{name}={value}"]
        message = root / "message"
        arguments += ["--message", str(message)]
        done = subprocess.run(arguments, env=self._environ, cwd=root, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        for port in ports.outputs:
            folder = root / "output" / port
            files = {path.name: path.read_bytes() for path in folder.iterdir()}
            # A training job's model comes out as an archive.
            self._outputs[port] = {"model.tar.gz": packed(folder)} if port == "model" else files
        shutil.rmtree(root)


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[tuple[Pipeline, Store]]:
    with moto_server():
        store = Store(f"{make_bucket('models')}/flights")
        yield Pipeline(tmp_path, store, dict(os.environ)), store


def test_a_run_on_s3_puts_a_release_into_production_with_all_that_serves_it(
    pipeline: tuple[Pipeline, Store], tmp_path: Path
) -> None:
    run, store = pipeline
    run.run()
    record = json.loads(run.output("release", "release.json"))
    assert record["accepted"] is True
    pointer = current(store, Channel.production)
    assert pointer is not None
    assert pointer.release == record["release"]
    for entry in store.list(f"serving/{pointer.release}"):
        (tmp_path / entry.key.rpartition("/")[2]).write_bytes(store.read(entry.key))
    release = read_release(store, pointer.release)
    assert read_manifest(tmp_path, pointer.release) == release
    assert (tmp_path / "model.skops").stat().st_size == release.model.file.size_bytes
    assert (tmp_path / "code.tar.gz").read_bytes() == store.read_blob(release.lineage.code)
