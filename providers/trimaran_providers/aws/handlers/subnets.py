"""`trimaran:aws:Subnets`: what is known of given subnets only by asking: their VPC and routes."""

from typing import Any

from trimaran_providers.aws.account import AwsAccount
from trimaran_providers.aws.handlers.address import address, parse_address
from trimaran_providers.aws.handlers.refusal import told_as_ours
from trimaran_providers.aws.handlers.session import client
from trimaran_providers.contract.errors import ResourceError
from trimaran_providers.contract.handler import Created, Reporter, ResourceModel


class SubnetsInputs(ResourceModel):
    """Existing subnets."""

    account: AwsAccount
    """How AWS is reached."""
    subnets: list[str]
    """Ids of the subnets, all of one VPC."""


class SubnetsOutputs(ResourceModel):
    """What stands around the subnets."""

    vpc: str
    """Id of their VPC."""
    route_tables: list[str]
    """Ids of the route tables that they route by, in order."""
    cidrs: list[str]
    """Their blocks of IPv4 addresses, in order."""
    region: str
    """Region they are in."""


class SubnetsHandler:
    """A look at subnets that are somebody else's: nothing is made, and nothing taken away."""

    token = "trimaran:aws:Subnets"
    inputs = SubnetsInputs
    outputs = SubnetsOutputs
    replace_on = frozenset({"subnets"})

    def create(self, inputs: SubnetsInputs, report: Reporter) -> Created[SubnetsOutputs]:
        resource_id = address(",".join(inputs.subnets), inputs.account)
        return Created(id=resource_id, outputs=_look(inputs))

    def read(self, resource_id: str) -> tuple[SubnetsInputs, SubnetsOutputs] | None:
        name, account = parse_address(resource_id)
        inputs = SubnetsInputs(account=account, subnets=name.split(","))
        return inputs, _look(inputs)

    def drifted(self, outputs: SubnetsOutputs) -> frozenset[str]:
        return frozenset()

    def update(
        self, resource_id: str, old: SubnetsOutputs, new: SubnetsInputs, report: Reporter
    ) -> SubnetsOutputs:
        return _look(new)

    def delete(self, resource_id: str, old: SubnetsOutputs, report: Reporter) -> None:
        return


def _look(inputs: SubnetsInputs) -> SubnetsOutputs:
    where = "network.subnets"
    with told_as_ours(where):
        ec2 = client(inputs.account, "ec2")
        subnets = ec2.describe_subnets(SubnetIds=inputs.subnets)["Subnets"]
        vpcs = sorted({subnet["VpcId"] for subnet in subnets})
        if len(vpcs) != 1:
            raise ResourceError(
                f"the subnets are in {len(vpcs)} VPCs: {', '.join(vpcs)}",
                where=where,
                allowed="subnets of one VPC",
            )
        tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": vpcs}])
        return SubnetsOutputs(
            vpc=vpcs[0],
            route_tables=sorted(_tables(tables["RouteTables"], inputs.subnets)),
            cidrs=sorted(subnet["CidrBlock"] for subnet in subnets),
            region=ec2.meta.region_name,
        )


def _tables(tables: list[dict[str, Any]], subnets: list[str]) -> set[str]:
    """Route tables of the subnets: a subnet without one of its own has the VPC's main table."""
    own = {
        association["SubnetId"]: table["RouteTableId"]
        for table in tables
        for association in table["Associations"]
        if "SubnetId" in association
    }
    main = {
        table["RouteTableId"]
        for table in tables
        for association in table["Associations"]
        if association.get("Main")
    }
    shared = main if any(subnet not in own for subnet in subnets) else set()
    return shared | {own[subnet] for subnet in subnets if subnet in own}
