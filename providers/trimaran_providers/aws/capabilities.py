"""What the AWS cloud does with every field of the spec."""

from trimaran_providers.contract.capabilities import Capabilities, Capability

TABLE: dict[str, Capability] = {}

CAPABILITIES = Capabilities(cloud="aws", table=TABLE)
