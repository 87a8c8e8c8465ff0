"""Secrets of the platform: in the environment of the user's code, and nowhere else."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.aws.moto_server import moto_server
from tests.aws.refusing_server import refusing_server
from tests.runtime.toy_run import ToyRun, toy_config
from trimaran_runtime.errors import ConfigError, Exit, PlatformError
from trimaran_runtime.platform.secrets import put_secrets

READS = """
import os
import pandas as pd

def load():
    assert os.environ["DATABASE"] == "p@ss word"
    return pd.DataFrame({"a": [1, 2], "bought": [0, 1]})
"""


@pytest.fixture(scope="module")
def secrets() -> Iterator[Any]:
    with moto_server():
        import boto3

        client = boto3.client("secretsmanager")
        client.create_secret(Name="trimaran/database", SecretString="p@ss word")
        client.create_secret(Name="trimaran/binary", SecretBinary=b"\x00\x01")
        yield client


def test_the_value_is_put_under_the_secrets_name(secrets: Any) -> None:
    environ = {"TRIMARAN_SECRETS": '{"DATABASE": "trimaran/database"}', "OTHER": "1"}
    put_secrets(environ)
    assert environ["DATABASE"] == "p@ss word"
    assert environ["OTHER"] == "1"


def test_the_users_code_finds_it(
    secrets: Any, toy: ToyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy.code = toy.folder / "code"
    toy.code.mkdir()
    (toy.code / "reads.py").write_text(READS)
    toy.configure(toy_config(data={"source": "reads:load", "target": "bought", "min_rows": 2}))
    monkeypatch.setenv("DATABASE", "of nobody")
    monkeypatch.setenv("TRIMARAN_SECRETS", '{"DATABASE": "trimaran/database"}')
    assert toy.step("data") == Exit.OK


def test_every_step_that_is_told_of_secrets_asks_for_them(
    toy: ToyRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy.configure(toy_config())
    assert toy.step("data") == Exit.OK
    assert toy.step("split") == Exit.OK
    monkeypatch.setenv("TRIMARAN_SECRETS", "{no JSON")
    assert toy.step("train") == Exit.BAD_INPUT


def test_without_secrets_boto3_is_not_loaded() -> None:
    program = (
        "import sys; from trimaran_runtime.platform.secrets import put_secrets; put_secrets({});"
        "print('boto3' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("{", "not JSON"),
        ("[]", "not names by name"),
        ('{"a": 1}', "not names by name"),
        ('{"a=b": "x"}', "cannot be the name of a variable"),
    ],
)
def test_a_wrong_variable_is_named(given: str, says: str) -> None:
    with pytest.raises(ConfigError, match=f"TRIMARAN_SECRETS: .*{says}"):
        put_secrets({"TRIMARAN_SECRETS": given})


def test_a_secret_that_cannot_be_had_is_named_without_any_value(secrets: Any) -> None:
    with pytest.raises(PlatformError, match=r"'DATABASE' \(trimaran/gone\): ResourceNotFound"):
        put_secrets({"TRIMARAN_SECRETS": '{"DATABASE": "trimaran/gone"}'})
    with pytest.raises(PlatformError, match=r"'KEY' \(trimaran/binary\) is binary"):
        put_secrets({"TRIMARAN_SECRETS": '{"KEY": "trimaran/binary"}'})


def test_a_denied_access_names_the_permission() -> None:
    # As Secrets Manager answers (JSON 1.1): status 400, the code in the body.
    body = b'{"__type": "AccessDeniedException", "Message": "User is not authorized"}'
    with (
        refusing_server(body, status=400, content_type="application/x-amz-json-1.1"),
        pytest.raises(PlatformError) as caught,
    ):
        put_secrets({"TRIMARAN_SECRETS": '{"DATABASE": "trimaran/database"}'})
    assert "cannot read secret 'DATABASE' (trimaran/database)" in str(caught.value)
    assert "User is not authorized" in str(caught.value)
    assert "allow secretsmanager:GetSecretValue in the role" in str(caught.value)


def test_no_region_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(PlatformError, match="AWS_REGION"):
        put_secrets({"TRIMARAN_SECRETS": '{"DATABASE": "trimaran/database"}'})
