"""A batch job as a process: the user's own code, being stopped, and an object store."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.aws.moto_server import make_bucket, moto_server
from tests.serving.batch_case import Batch, rows, write
from tests.serving.releases import publish_misbehaving
from trimaran_runtime.errors import AlreadyExists, Exit
from trimaran_runtime.serving.batch.target import open_target
from trimaran_runtime.storage.store import Store

COMMAND = (sys.executable, "-m", "trimaran_runtime.serving.batch")


@pytest.fixture
def slow(store: Store) -> str:
    """A release whose model takes 0.3 s for a batch with a row of more than 100 stops."""
    return publish_misbehaving(store, "sleep", marker=510)


def command(store: Store, release: str, source: Path | str, output: Path | str) -> list[str]:
    named = {"store": store.uri, "release": release, "input": source, "output": output}
    return [*COMMAND, *(f"--{name}={value}" for name, value in named.items())]


def test_the_users_own_class_comes_with_the_release(
    store: Store, slow: str, tmp_path: Path
) -> None:
    source = write(rows(20), tmp_path / "in.parquet")
    output = tmp_path / "out.parquet"
    done = subprocess.run(
        command(store, slow, source, output), cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == Exit.OK, done.stderr
    assert parquet.read_table(output)["probability"].to_pylist() == [0.75] * 20


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_job_that_is_stopped_leaves_no_output(
    store: Store, slow: str, tmp_path: Path, number: signal.Signals
) -> None:
    given = rows(2_000).set_column(2, "stops", pa.array([101] * 2_000))
    source = write(given, tmp_path / "in.parquet")
    folder = tmp_path / "out"
    job = subprocess.Popen(
        [*command(store, slow, source, folder / "out.parquet"), "--rows-per-batch=10"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
    )
    try:
        begun(job, folder)
        job.send_signal(number)
        assert job.wait(30) != Exit.OK
    finally:
        job.kill()
        job.communicate()
    left = [path.name for path in folder.iterdir()]
    # Whom nothing can warn leaves its temporary file, under a name that no reader looks at.
    assert [name for name in left if not name.startswith(".")] == []
    assert left == [] or number is signal.SIGKILL


def begun(job: "subprocess.Popen[bytes]", folder: Path) -> None:
    """Wait until the job writes."""
    deadline = time.monotonic() + 60
    while not (folder.is_dir() and any(folder.iterdir())):
        assert job.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    file = write(rows(30), tmp_path_factory.mktemp("rows") / "rows.parquet")
    with moto_server():
        uri = make_bucket("batch")
        boto3.client("s3").upload_file(str(file), "batch", "in/day=1/rows.parquet")
        yield uri


def test_objects_are_read_and_written(batch: Batch, bucket: str, tmp_path: Path) -> None:
    output = f"{bucket}/out/predictions.parquet"
    done = batch.to(output, f"{bucket}/in", "--keep=day,id")
    assert done.code == Exit.OK, done.err
    s3 = boto3.client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="batch", Prefix="out/")["Contents"]]
    assert keys == ["out/_predictions.parquet.manifest.json", "out/predictions.parquet"]
    s3.download_file("batch", "out/predictions.parquet", str(tmp_path / "back.parquet"))
    back = parquet.read_table(tmp_path / "back.parquet")
    assert back.drop(["day"]).equals(
        batch(write(rows(30), tmp_path / "in.parquet"), "--keep=id").table
    )


def test_an_object_that_is_there_is_left_alone_unless_it_may_be_replaced(
    batch: Batch, bucket: str
) -> None:
    output = f"{bucket}/again/predictions.csv"
    assert batch.to(output, f"{bucket}/in").code == Exit.OK
    refused = batch.to(output, f"{bucket}/in")
    assert refused.code == Exit.BAD_INPUT
    assert f"{output}: is there already" in refused.err
    assert batch.to(output, f"{bucket}/in", "--overwrite").code == Exit.OK


def test_an_object_that_came_to_be_meanwhile_is_not_replaced(bucket: str, tmp_path: Path) -> None:
    target = open_target(f"{bucket}/race/predictions.csv")
    (tmp_path / "mine").write_bytes(b"mine")
    target.refuse_existing()
    s3 = boto3.client("s3")
    s3.put_object(Bucket="batch", Key="race/predictions.csv", Body=b"theirs")
    with pytest.raises(AlreadyExists):
        target.place(tmp_path / "mine", b"{}", overwrite=False)
    answer = s3.get_object(Bucket="batch", Key="race/predictions.csv")
    assert answer["Body"].read() == b"theirs"


def test_a_bucket_that_is_not_there_is_told(batch: Batch, bucket: str) -> None:
    del bucket
    done = batch.to("s3://batch-gone/out.csv", "in.csv")
    assert done.code == Exit.BAD_INPUT
    assert "s3://batch-gone/out.csv: " in done.err
