"""The smallest instance type that has what is asked for, of those that the use takes."""

import pytest

from tests.aws.request_shapes import sagemaker
from trimaran_providers.aws.instance import INSTANCES, Use, choose, has_own_disks, instance_type
from trimaran_providers.contract.errors import UnsupportedError
from trimaran_providers.contract.spec import Compute

ENUMS = {
    Use.processing: "ProcessingInstanceType",
    Use.training: "TrainingInstanceType",
    Use.hosting: "ProductionVariantInstanceType",
    Use.transform: "TransformInstanceType",
}


def compute(**fields: object) -> Compute:
    return Compute.model_validate(fields)


@pytest.mark.parametrize("use", list(Use))
def test_sagemaker_takes_every_type_of_the_table_for_its_uses(use: Use) -> None:
    taken = set(sagemaker().shape_for(ENUMS[use]).enum)
    assert {i.type for i in INSTANCES if use in i.uses} <= taken


def test_no_type_is_listed_twice_for_a_use() -> None:
    listed = [(instance.type, use) for instance in INSTANCES for use in instance.uses]
    assert len(listed) == len(set(listed))


@pytest.mark.parametrize(
    ("wish", "use", "chosen"),
    [
        ({"cpu": 2, "memory_gib": 8}, Use.processing, "ml.m5.large"),
        ({"cpu": 2, "memory_gib": 4}, Use.hosting, "ml.c5.large"),
        # Jobs have no c5.large, and the m5.large is smaller than the c5.xlarge.
        ({"cpu": 2, "memory_gib": 4}, Use.processing, "ml.m5.large"),
        ({"cpu": 4, "memory_gib": 8}, Use.training, "ml.c5.xlarge"),
        ({"cpu": 0.5, "memory_gib": 12}, Use.hosting, "ml.r5.large"),
        ({"cpu": 0.5, "memory_gib": 12}, Use.transform, "ml.r7i.large"),
        ({"cpu": 2.5, "memory_gib": 8}, Use.training, "ml.c5.xlarge"),
        ({"cpu": 192, "memory_gib": 384}, Use.hosting, "ml.c7i.48xlarge"),
        ({"memory_gib": 1536}, Use.training, "ml.r7i.48xlarge"),
        ({"gpu": {"kind": "t4"}}, Use.training, "ml.g4dn.xlarge"),
        ({"gpu": {"kind": "t4"}, "disk_gib": 200}, Use.training, "ml.g4dn.2xlarge"),
        ({"gpu": {"kind": "t4", "count": 2}}, Use.hosting, "ml.g4dn.12xlarge"),
        ({"gpu": {"kind": "l4"}, "cpu": 16}, Use.hosting, "ml.g6.4xlarge"),
        ({"gpu": {"kind": "a10", "count": 8}}, Use.training, "ml.g5.48xlarge"),
        ({"gpu": {"kind": "a100"}}, Use.training, "ml.p4d.24xlarge"),
        ({"gpu": {"kind": "h100"}}, Use.processing, "ml.p5.4xlarge"),
        ({"gpu": {"kind": "h100", "count": 2}}, Use.training, "ml.p5.48xlarge"),
        ({"gpu": {"kind": "h200"}}, Use.hosting, "ml.p5e.48xlarge"),
    ],
)
def test_the_smallest_that_fits(wish: dict[str, object], use: Use, chosen: str) -> None:
    assert instance_type(compute(**wish), use, path="pipeline.compute") == chosen


def test_a_named_type_replaces_the_choice() -> None:
    named = compute(cpu=96, instance="ml.t3.medium")
    assert instance_type(named, Use.training, path="pipeline.compute") == "ml.t3.medium"


@pytest.mark.parametrize(
    ("wish", "use", "told"),
    [
        ({"memory_gib": 3072}, Use.training, "the largest has 192 CPUs, 1536 GiB"),
        ({"gpu": {"kind": "a100"}}, Use.processing, "GPUs for processing: a10, h100, l4, t4"),
        ({"gpu": {"kind": "t4", "count": 8}}, Use.training, "4 GPUs"),
    ],
)
def test_what_nothing_has_is_refused_by_the_fields_path(
    wish: dict[str, object], use: Use, told: str
) -> None:
    assert choose(compute(**wish), use) is None
    with pytest.raises(UnsupportedError, match=told) as refused:
        instance_type(compute(**wish), use, path="pipeline.compute")
    assert str(refused.value).startswith("pipeline.compute: is not possible on aws")


def test_types_with_disks_of_their_own_are_known_by_family() -> None:
    for instance in INSTANCES:
        assert has_own_disks(instance.type) == (instance.local_gib is not None), instance.type
    assert has_own_disks("ml.m5d.large")
    assert not has_own_disks("ml.m5.large")
    assert not has_own_disks("ml.trn1.2xlarge")
