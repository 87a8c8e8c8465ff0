"""Why SageMaker went back."""

from trimaran_providers.aws.endpoint_definition import EndpointDefinition
from trimaran_providers.aws.handlers.clients import Clients
from trimaran_providers.aws.handlers.sagemaker_refusal import told


def blame(clients: Clients, definition: EndpointDefinition, reason: str) -> str:
    """Why SageMaker went back: its own words, and the alarms that ring.

    Args:
        clients: of which CloudWatch is asked, where there are alarms.
        definition: what the endpoint was to be, with the names of its alarms.
        reason: what SageMaker says; empty: nothing.
    """
    names = list(definition.rollback_alarms)
    if not names:
        return reason or "SageMaker does not say why"
    with told(definition.name):
        found = clients.cloudwatch.describe_alarms(AlarmNames=names, StateValue="ALARM")
    ringing = [alarm["AlarmName"] for alarm in found.get("MetricAlarms", [])]
    if ringing:
        said = f"alarm {', '.join(ringing)} rang"
    else:
        said = f"SageMaker went back (its alarms were {', '.join(names)})"
    return f"{said}: {reason}" if reason else said
