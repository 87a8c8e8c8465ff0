"""Every `*` in a policy of store, image, alerts and network has its reason, and is known here."""

from pathlib import Path
from typing import Any

import pulumi
import pytest

from tests.aws.locks import write_lock
from tests.aws.rendered import Rendered, rendered
from trimaran_providers.aws import alerts, artifact_store
from trimaran_providers.aws.policy import Statement
from trimaran_providers.contract.spec import AlertsSpec, StoreSpec

EXPECTED = {
    "TlsOnly": "refuses",
    "LogInToRegistry": "the action is on no resource",
    "Account": "a key's policy",
    "Publishers": "a key's policy",
}


@pytest.fixture
def statements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Statement], Rendered]:
    """Every statement of a stack that has everything, and what it was rendered into."""
    seen: list[Statement] = []
    document = Statement.document

    def recorded(self: Statement) -> dict[str, Any]:
        seen.append(self)
        return document(self)

    monkeypatch.setattr(Statement, "document", recorded)

    def program(context: Any) -> pulumi.Output[str]:
        store = artifact_store.render(context, StoreSpec(share_with=("111111111111",)))
        return alerts.render(context, AlertsSpec(), store).id

    found = rendered(
        write_lock(tmp_path),
        program,
        secrets={"A": {"config": "a"}},
        network={"private": True, "subnets": ["subnet-1"]},
        budget={"monthly_usd": 1},
    )
    return seen, found


def is_wild(statement: dict[str, Any]) -> bool:
    """Whether a statement is on everything, or allows everything a service can do."""
    actions = {action.partition(":")[2] for action in statement["Action"]}
    return "*" in statement.get("Resource", ()) or "*" in actions


def test_every_star_has_a_reason(statements: tuple[list[Statement], Rendered]) -> None:
    seen, found = statements
    assert {s.sid for s in seen if s.why_any} == set(EXPECTED)
    assert {s["Sid"] for _, s in found.statements() if is_wild(s)} <= set(EXPECTED)


def test_nobody_but_named_principals_is_let_in(
    statements: tuple[list[Statement], Rendered],
) -> None:
    _, found = statements
    assert len(found.statements()) > 10
    for name, statement in found.statements():
        if statement["Effect"] == "Allow":
            assert statement.get("Principal") != "*", name
            assert (statement.get("Principal") or {}).get("AWS") != "*", name
