"""Alerts on AWS: a topic that alarms can reach and outsiders cannot, and a budget."""

from pathlib import Path
from typing import Any

import pulumi
import pytest

from tests.aws.rendered import Rendered, rendered
from trimaran_providers.aws import alerts
from trimaran_providers.contract.errors import SpecError, UnsupportedError
from trimaran_providers.contract.outputs import ArtifactStoreOutputs
from trimaran_providers.contract.spec import AlertsSpec

KEY = "arn:aws:kms:eu-central-1:123456789012:key/0a1b"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:flights-prod-alerts"


def told(tmp_path: Path, *channels: dict[str, Any], **platform: Any) -> Rendered:
    """Alerts with these channels."""
    spec = AlertsSpec.model_validate({"channels": channels})

    def program(context: Any) -> pulumi.Output[str]:
        text = pulumi.Output.from_input("s3://store")
        store = ArtifactStoreOutputs(uri=text, id=text, image=text)
        return alerts.render(context, spec, store).id

    return rendered(tmp_path, program, **platform)


def test_the_id_is_the_topics_arn(tmp_path: Path) -> None:
    assert told(tmp_path).result == TOPIC


def test_alarms_events_and_budgets_may_publish_over_tls_and_nobody_else(tmp_path: Path) -> None:
    statements = told(tmp_path).one("TopicPolicy").policy()
    allowed = {s["Principal"]["Service"]: s for s in statements if s["Effect"] == "Allow"}
    assert set(allowed) == {
        "cloudwatch.amazonaws.com",
        "events.amazonaws.com",
        "budgets.amazonaws.com",
    }
    assert all(s["Action"] == ["sns:Publish"] for s in statements)
    assert all(s["Resource"] == [TOPIC] for s in statements)
    own = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    assert allowed["cloudwatch.amazonaws.com"]["Condition"] == own
    assert allowed["budgets.amazonaws.com"]["Condition"] == own
    assert "Condition" not in allowed["events.amazonaws.com"]
    (refused,) = [s for s in statements if s["Effect"] == "Deny"]
    assert refused["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_without_a_key_of_the_stack_the_topic_has_one_that_alarms_may_use(tmp_path: Path) -> None:
    found = told(tmp_path)
    key = found.one("Key")
    assert key.inputs["enableKeyRotation"] is True
    assert found.one("Topic").inputs["kmsMasterKeyId"].startswith("arn:aws:kms:")
    assert "flights-alerts-key-policy" in found.one("Topic").depends_on
    account, publishers = found.one("KeyPolicy").policy()
    assert account["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert publishers["Principal"] == {
        "Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com", "budgets.amazonaws.com"]
    }
    assert publishers["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]


def test_the_stacks_key_encrypts_the_topic_and_its_policy_stays_the_users(tmp_path: Path) -> None:
    found = told(tmp_path, encryption={"key": KEY})
    assert found.one("Topic").inputs["kmsMasterKeyId"] == KEY
    assert not found.of("Key")
    assert not found.of("KeyPolicy")


def test_mail_and_webhooks_are_subscribed(tmp_path: Path) -> None:
    found = told(
        tmp_path,
        {"kind": "email", "to": "ops@example.com"},
        {"kind": "webhook", "url": "https://example.com/hook"},
    )
    subscribed = {
        (asked.name, asked.inputs["protocol"], asked.inputs["endpoint"])
        for asked in found.of("TopicSubscription")
    }
    assert subscribed == {
        ("flights-alerts-0", "email", "ops@example.com"),
        ("flights-alerts-1", "https", "https://example.com/hook"),
    }
    assert {asked.inputs["topic"] for asked in found.of("TopicSubscription")} == {TOPIC}


def test_a_webhooks_secret_address_stays_a_secret(tmp_path: Path) -> None:
    def program(context: Any) -> pulumi.Output[str]:
        address = pulumi.Output.secret("https://example.com/hook?token=1")
        object.__setattr__(context, "secrets", {"HOOK": address})
        text = pulumi.Output.from_input("s3://store")
        store = ArtifactStoreOutputs(uri=text, id=text, image=text)
        spec = AlertsSpec.model_validate({"channels": [{"kind": "webhook", "secret": "HOOK"}]})
        return alerts.render(context, spec, store).id

    subscription = rendered(tmp_path, program).one("TopicSubscription")
    assert subscription.inputs["endpoint"] == "https://example.com/hook?token=1"
    assert subscription.secrets == {"endpoint"}


def test_an_unencrypted_webhook_is_refused_and_its_address_not_shown() -> None:
    with pytest.raises(SpecError, match="https://…") as refused:
        alerts.https("http://example.com/hook?token=1")
    assert "token" not in str(refused.value)


def test_apprise_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="knows no Apprise"):
        told(tmp_path, {"kind": "apprise", "url": "slack://token"})


def test_the_budget_counts_the_stack_and_tells_at_each_share(tmp_path: Path) -> None:
    found = told(tmp_path, budget={"monthly_usd": 250, "notify_percent": [50, 100]})
    budget = found.one("Budget").inputs
    assert (budget["limitAmount"], budget["limitUnit"]) == ("250.00", "USD")
    assert (budget["budgetType"], budget["timeUnit"]) == ("COST", "MONTHLY")
    assert budget["costFilters"] == [
        {"name": "TagKeyValue", "values": ["user:trimaran:stack$flights-prod"]}
    ]
    assert [n["threshold"] for n in budget["notifications"]] == [50, 100]
    assert all(n["thresholdType"] == "PERCENTAGE" for n in budget["notifications"])
    assert all(n["subscriberSnsTopicArns"] == [TOPIC] for n in budget["notifications"])


def test_without_a_budget_there_is_none(tmp_path: Path) -> None:
    assert not told(tmp_path).of("Budget")


def test_everything_that_takes_tags_names_its_stack(tmp_path: Path) -> None:
    found = told(tmp_path, tags={"team": "pricing"}, budget={"monthly_usd": 1})
    tags = {"team": "pricing", "trimaran:stack": "flights-prod"}
    for kind in ("Topic", "Key", "Budget"):
        assert found.one(kind).inputs["tags"] == tags
