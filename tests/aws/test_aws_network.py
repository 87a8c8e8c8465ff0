"""Private networking: a closed group per part of the stack, and AWS's services inside the VPC."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.aws.rendered import Rendered, rendered
from trimaran_providers.aws.network import render_private_endpoints, render_vpc_config

SUBNETS = ["subnet-1", "subnet-2"]


def endpoints(tmp_path: Path, **platform: Any) -> Rendered:
    return rendered(tmp_path, lambda context: len(render_private_endpoints(context)), **platform)


def place(tmp_path: Path, **platform: Any) -> Rendered:
    def program(context: Any) -> Any:
        found = render_vpc_config(context, "serve")
        return None if found is None else [*found.subnets, *found.security_groups]

    return rendered(tmp_path, program, **platform)


def test_outside_of_a_vpc_there_is_nothing_to_make(tmp_path: Path) -> None:
    assert place(tmp_path).result is None
    assert list(place(tmp_path)) == []
    assert list(endpoints(tmp_path)) == []


def test_a_given_network_is_used_as_it_is(tmp_path: Path) -> None:
    given = {"private": True, "subnets": SUBNETS, "security_groups": ["sg-1"]}
    found = place(tmp_path, network=given)
    assert found.result == [*SUBNETS, "sg-1"]
    assert list(found) == []
    assert list(endpoints(tmp_path, network=given)) == []


def test_without_a_security_group_one_is_made_that_lets_in_nobody_else(tmp_path: Path) -> None:
    found = place(tmp_path, network={"subnets": SUBNETS})
    group = found.one("SecurityGroup").inputs
    assert group["vpcId"] == "vpc-1"
    (inward,) = group["ingress"]
    assert inward["self"] is True
    assert "cidrBlocks" not in inward
    assert found.one("Subnets").inputs["subnets"] == SUBNETS


def test_a_private_network_gets_every_service_that_is_called_from_inside(tmp_path: Path) -> None:
    found = endpoints(tmp_path, network={"private": True, "subnets": SUBNETS})
    by_kind: dict[str, set[str]] = {}
    for asked in found.of("VpcEndpoint"):
        kind = asked.inputs["vpcEndpointType"]
        by_kind.setdefault(kind, set()).add(asked.inputs["serviceName"])
    prefix = "com.amazonaws.eu-central-1."
    assert by_kind["Gateway"] == {f"{prefix}s3"}
    assert by_kind["Interface"] == {
        f"{prefix}{service}"
        for service in (
            "sagemaker.api",
            "sagemaker.runtime",
            "ecr.api",
            "ecr.dkr",
            "logs",
            "sts",
            "monitoring",
        )
    }


def test_secrets_are_read_from_inside_too(tmp_path: Path) -> None:
    found = endpoints(
        tmp_path,
        network={"private": True, "subnets": SUBNETS},
        secrets={"A": {"config": "a"}},
    )
    names = {asked.inputs["serviceName"] for asked in found.of("VpcEndpoint")}
    assert "com.amazonaws.eu-central-1.secretsmanager" in names


def test_endpoints_let_in_https_from_the_subnets_alone(tmp_path: Path) -> None:
    found = endpoints(tmp_path, network={"private": True, "subnets": SUBNETS})
    (inward,) = found.one("SecurityGroup").inputs["ingress"]
    assert (inward["fromPort"], inward["toPort"], inward["protocol"]) == (443, 443, "tcp")
    assert inward["cidrBlocks"] == ["10.0.0.0/24"]


def test_descriptions_are_of_characters_that_ec2_takes(tmp_path: Path) -> None:
    given = {"private": True, "subnets": SUBNETS}
    for found in (endpoints(tmp_path, network=given), place(tmp_path, network=given)):
        description = found.one("SecurityGroup").inputs["description"]
        assert re.fullmatch(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}", description)


def test_subnets_without_private_get_no_endpoints(tmp_path: Path) -> None:
    assert list(endpoints(tmp_path, network={"subnets": SUBNETS})) == []


_LOADED_BY_A_STORE = """
import sys
from pathlib import Path
from tests.aws.rendered import rendered
from trimaran_providers.aws import artifact_store, handlers, network
from trimaran_providers.contract.spec import StoreSpec
assert not {"boto3", "botocore", "pulumi_aws"} & set(sys.modules)
rendered(
    Path.cwd(),
    lambda context: artifact_store.render(context, StoreSpec()).uri,
    image={"uri": "given"},
)
# Importing pulumi_aws names every module of it; what is loaded has its submodules.
assert "pulumi_aws.s3.bucket" in sys.modules
assert not {"boto3", "pulumi_aws.ec2.security_group"} & set(sys.modules)
rendered(
    Path.cwd(),
    lambda context: len(network.render_private_endpoints(context)),
    network={"private": True, "subnets": ["subnet-1", "subnet-2"]},
)
assert "pulumi_aws.ec2.security_group" in sys.modules
"""


def test_ec2_is_loaded_only_where_the_network_asks_for_it() -> None:
    run = subprocess.run(
        [sys.executable, "-c", _LOADED_BY_A_STORE], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
