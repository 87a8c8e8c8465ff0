"""A program without an engine: what it registers, with secrets and unknowns marked."""

from typing import Any

import pulumi
import pytest

from trimaran.recorder import SECRET, UNKNOWN, Made, Maker, Rendered, nothing_made, record
from trimaran_providers.contract.errors import ProjectError


class Thing(pulumi.CustomResource):
    """A resource with one output."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, parent: pulumi.Resource | None = None, **inputs: Any) -> None:
        opts = pulumi.ResourceOptions(parent=parent)
        super().__init__("toy:index:Thing", name, {"arn": None, **inputs}, opts)


def seen(program: Any, made: Maker = nothing_made) -> dict[str, Rendered]:
    config = {"toy:token": "hidden"}
    found = record(
        program, project="toy", stack="test", config=config, secret_keys={"toy:token"}, made=made
    )
    return {resource.name: resource for resource in found}


def test_secrets_and_unknowns_are_marked_where_they_stand() -> None:
    def program() -> None:
        first = Thing(
            "first", size=3, share=0.5, token=pulumi.Config("toy").require_secret("token")
        )
        Thing(
            "second",
            list=[first.arn, "plain"],
            text=first.arn.apply(lambda arn: f"{arn}/x"),
            inner={"token": pulumi.Output.secret("s"), "plain": True},
        )

    found = seen(program)
    assert found["first"].inputs == {"size": 3, "share": 0.5, "token": SECRET}
    assert found["second"].inputs == {
        "list": [UNKNOWN, "plain"],
        "text": UNKNOWN,
        "inner": {"token": SECRET, "plain": True},
    }


def test_what_is_known_flows_on_and_inputs_always_do() -> None:
    def program() -> None:
        first = Thing("first", size=3)
        Thing("second", text=pulumi.Output.concat(first.arn, "/", first.id))

    def made(resource: Rendered) -> Made:
        return Made(id=f"{resource.name}-id", outputs={"arn": f"arn:{resource.name}"})

    assert seen(program, made)["second"].inputs == {"text": "arn:first/first-id"}


def test_parents_come_before_children_in_one_order() -> None:
    def program() -> None:
        for letter in "cab":
            parent = Thing(letter)
            Thing(f"{letter}-child", parent)

    assert list(seen(program)) == ["a", "a-child", "b", "b-child", "c", "c-child"]


def test_nobody_is_asked() -> None:
    def program() -> None:
        pulumi.runtime.invoke("toy:index:getThing", {})

    with pytest.raises(Exception, match="toy:index:getThing would be asked"):
        seen(program)


def test_an_error_of_ours_comes_out_as_it_is() -> None:
    def program() -> None:
        from trimaran.program import engine_errors

        with engine_errors():
            raise ProjectError("no such file")

    with pytest.raises(ProjectError, match="no such file"):
        seen(program)


def test_the_callers_runtime_stays_as_it_was() -> None:
    before = pulumi.get_stack(), pulumi.runtime.settings.get_root_resource()
    seen(lambda: None)
    assert (pulumi.get_stack(), pulumi.runtime.settings.get_root_resource()) == before
    assert pulumi.Config("toy").get("token") is None
