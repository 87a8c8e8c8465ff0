"""The stack's monthly budget: AWS counts what carries the stack's tag, and alerts."""

import pulumi

from trimaran_providers.aws.names import Names
from trimaran_providers.aws.tags import STACK, tags_of
from trimaran_providers.contract.cloud import Context

_LONGEST = 100
"""Characters of a budget's name (botocore, `budgets.BudgetName`)."""


def render_budget(context: Context, topic: pulumi.Output[str]) -> tuple[pulumi.Resource, ...]:
    """The budget and its notifications; none where the spec has no budget.

    AWS counts by a tag only once the tag is activated for billing, which the account's payer does
    under "Cost allocation tags", at the earliest a day after the first `up` (Billing User Guide,
    "Activating user-defined cost allocation tags", read 2026-11-24). What takes no tags is not
    counted.

    Args:
        context: where the component stands.
        topic: ARN of the topic that is told.
    """
    spec = context.platform.budget
    if spec is None:
        return ()
    from pulumi_aws import budgets

    budget = budgets.Budget(
        f"{context.name}-budget",
        name=Names.of(context).named("", _LONGEST),
        budget_type="COST",
        time_unit="MONTHLY",
        limit_amount=f"{spec.monthly_usd:.2f}",
        limit_unit="USD",
        cost_filters=[
            {"name": "TagKeyValue", "values": [f"user:{STACK}${Names.of(context).base}"]}
        ],
        notifications=[
            {
                "comparison_operator": "GREATER_THAN",
                "notification_type": "ACTUAL",
                "threshold": percent,
                "threshold_type": "PERCENTAGE",
                "subscriber_sns_topic_arns": [topic],
            }
            for percent in spec.notify_percent
        ],
        tags=tags_of(context),
        opts=pulumi.ResourceOptions(parent=context.parent),
    )
    return (budget,)
