"""What stands around given subnets is asked for, once, and only during the update."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from tests.aws.code_build_service import REGION, aws
from trimaran_providers.aws.account import AwsAccount
from trimaran_providers.aws.handlers.address import address, parse_address
from trimaran_providers.aws.handlers.subnets import SubnetsHandler, SubnetsInputs
from trimaran_providers.contract.errors import ResourceError

HANDLER = SubnetsHandler()
REPORT: Any = None


@pytest.fixture(autouse=True)
def ec2(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        yield aws("ec2")


def vpc_of(ec2: Any, *blocks: str) -> tuple[str, list[str]]:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return vpc, [
        ec2.create_subnet(VpcId=vpc, CidrBlock=block)["Subnet"]["SubnetId"] for block in blocks
    ]


def asked(*subnets: str) -> SubnetsInputs:
    return SubnetsInputs(account=AwsAccount(region=REGION), subnets=list(subnets))


def test_their_vpc_blocks_and_region_are_found(ec2: Any) -> None:
    vpc, subnets = vpc_of(ec2, "10.0.1.0/24", "10.0.0.0/24")
    made = HANDLER.create(asked(*subnets), REPORT)
    assert (made.outputs.vpc, made.outputs.region) == (vpc, REGION)
    assert made.outputs.cidrs == ["10.0.0.0/24", "10.0.1.0/24"]


def test_a_subnet_routes_by_its_own_table_or_else_by_the_vpcs(ec2: Any) -> None:
    vpc, (one, other) = vpc_of(ec2, "10.0.0.0/24", "10.0.1.0/24")
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    main = ec2.describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"]
    own = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=own, SubnetId=one)
    assert HANDLER.create(asked(one), REPORT).outputs.route_tables == [own]
    assert HANDLER.create(asked(other), REPORT).outputs.route_tables == [main]
    assert HANDLER.create(asked(one, other), REPORT).outputs.route_tables == sorted([own, main])


def test_subnets_of_two_vpcs_are_refused(ec2: Any) -> None:
    (_, (one,)), (_, (other,)) = vpc_of(ec2, "10.0.0.0/24"), vpc_of(ec2, "10.0.0.0/24")
    with pytest.raises(ResourceError, match="in 2 VPCs"):
        HANDLER.create(asked(one, other), REPORT)


def test_a_subnet_that_is_not_there_is_told_as_ours() -> None:
    with pytest.raises(ResourceError, match="AWS refused DescribeSubnets"):
        HANDLER.create(asked("subnet-0123456789abcdef0"), REPORT)


def test_it_reads_back_from_its_id_alone(ec2: Any) -> None:
    _, subnets = vpc_of(ec2, "10.0.0.0/24")
    made = HANDLER.create(asked(*subnets), REPORT)
    assert HANDLER.read(made.id) == (asked(*subnets), made.outputs)


@pytest.mark.parametrize(
    "account",
    [
        AwsAccount(),
        AwsAccount(region=REGION),
        AwsAccount(
            region=REGION,
            profile="my profile & co",
            role_arn="arn:aws:iam::123456789012:role/deploy",
            external_id="a=b?",
        ),
    ],
)
def test_an_id_holds_how_the_account_is_reached(account: AwsAccount) -> None:
    assert parse_address(address("s3://bucket/key", account)) == ("s3://bucket/key", account)
