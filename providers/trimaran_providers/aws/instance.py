"""Instance types of SageMaker: the smallest one that has what the spec asks for.

Sizes are those of the EC2 type of the same name (EC2 User Guide, "Specifications for Amazon EC2
instance types", read 2026-11-24). Which use takes which type is what botocore 1.44.8 says
(`ProcessingInstanceType`, `TrainingInstanceType`, `ProductionVariantInstanceType`,
`TransformInstanceType`); a test compares. Burstable types are left out: a server on one slows down
when its credits are spent.
"""

from dataclasses import dataclass
from enum import StrEnum

from trimaran_providers.contract.errors import UnsupportedError
from trimaran_providers.contract.spec import Compute, GpuKind

_CPU_WEIGHT = 9
"""A virtual CPU costs about as much as 9 GiB: what the m5, c5 and r5 list prices differ by."""


class Use(StrEnum):
    """What an instance is for; each takes other types."""

    processing = "processing"
    training = "training"
    hosting = "hosting"
    transform = "transform"


_ALL = frozenset(Use)
_JOBS = frozenset({Use.processing, Use.training})
_HELD = frozenset({Use.training, Use.hosting})
_NO_TRANSFORM = _JOBS | {Use.hosting}


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One type.

    Attributes:
        type: its name, `ml.m5.large`.
        cpu: virtual CPUs.
        memory_gib: memory, GiB.
        uses: what takes it.
        gpu: model of its GPUs; None: it has none.
        gpus: how many.
        local_gib: size of its own disks, GiB, in place of a volume of a wanted size; None: it gets
            a volume.
    """

    type: str
    cpu: int
    memory_gib: int
    uses: frozenset[Use]
    gpu: GpuKind | None = None
    gpus: int = 0
    local_gib: int | None = None

    @property
    def size(self) -> tuple[int, int]:
        """What "smallest" goes by: GPUs, then CPUs and memory by what they cost."""
        return self.gpus, self.cpu * _CPU_WEIGHT + self.memory_gib

    def has(self, compute: Compute) -> bool:
        """Whether it offers what is asked for; more GPUs than asked for do no harm."""
        gpu = compute.gpu
        return (
            self.cpu >= compute.cpu
            and self.memory_gib >= compute.memory_gib
            and self.gpu == (gpu.kind if gpu else None)
            and self.gpus >= (gpu.count if gpu else 0)
            and (self.local_gib is None or self.local_gib >= compute.disk_gib)
        )


def _family(
    name: str, gib_per_cpu: int, sizes: dict[str, int], uses: frozenset[Use] = _ALL
) -> list[Instance]:
    return [
        Instance(type=f"ml.{name}.{size}", cpu=cpu, memory_gib=cpu * gib_per_cpu, uses=uses)
        for size, cpu in sizes.items()
    ]


def _with_gpu(
    name: str,
    gpu: GpuKind,
    sizes: dict[str, tuple[int, int, int, int]],
    uses: frozenset[Use] = _ALL,
) -> list[Instance]:
    """Sizes by name: virtual CPUs, memory GiB, GPUs, own disks GiB."""
    return [
        Instance(
            type=f"ml.{name}.{size}",
            cpu=cpu,
            memory_gib=memory,
            uses=uses,
            gpu=gpu,
            gpus=gpus,
            local_gib=disk,
        )
        for size, (cpu, memory, gpus, disk) in sizes.items()
    ]


INSTANCES: tuple[Instance, ...] = (
    *_family(
        "m5",
        4,
        {"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16, "12xlarge": 48, "24xlarge": 96},
    ),
    *_family("c5", 2, {"large": 2}, frozenset({Use.hosting})),
    *_family("c5", 2, {"xlarge": 4, "2xlarge": 8, "4xlarge": 16, "9xlarge": 36, "18xlarge": 72}),
    *_family(
        "r5",
        8,
        {"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16, "12xlarge": 48, "24xlarge": 96},
        _NO_TRANSFORM,
    ),
    *_family("r5", 8, {"8xlarge": 32, "16xlarge": 64}, _JOBS),
    *_family("c7i", 2, {"48xlarge": 192}),
    *_family("m7i", 4, {"48xlarge": 192}),
    *_family(
        "r7i",
        8,
        {"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16, "12xlarge": 48, "24xlarge": 96},
        frozenset({Use.transform}),
    ),
    *_family("r7i", 8, {"48xlarge": 192}),
    *_with_gpu(
        "g4dn",
        GpuKind.t4,
        {
            "xlarge": (4, 16, 1, 125),
            "2xlarge": (8, 32, 1, 225),
            "4xlarge": (16, 64, 1, 225),
            "8xlarge": (32, 128, 1, 900),
            "16xlarge": (64, 256, 1, 900),
            "12xlarge": (48, 192, 4, 900),
        },
    ),
    *_with_gpu(
        "g6",
        GpuKind.l4,
        {
            "xlarge": (4, 16, 1, 250),
            "2xlarge": (8, 32, 1, 450),
            "4xlarge": (16, 64, 1, 600),
            "8xlarge": (32, 128, 1, 900),
            "16xlarge": (64, 256, 1, 1880),
            "12xlarge": (48, 192, 4, 3760),
            "24xlarge": (96, 384, 4, 3760),
            "48xlarge": (192, 768, 8, 7520),
        },
    ),
    *_with_gpu(
        "g5",
        GpuKind.a10,
        {
            "xlarge": (4, 16, 1, 250),
            "2xlarge": (8, 32, 1, 450),
            "4xlarge": (16, 64, 1, 600),
            "8xlarge": (32, 128, 1, 900),
            "16xlarge": (64, 256, 1, 1900),
            "12xlarge": (48, 192, 4, 3800),
            "24xlarge": (96, 384, 4, 3800),
            "48xlarge": (192, 768, 8, 7600),
        },
    ),
    *_with_gpu("p4d", GpuKind.a100, {"24xlarge": (96, 1152, 8, 8000)}, _HELD),
    *_with_gpu("p5", GpuKind.h100, {"4xlarge": (16, 256, 1, 3800)}, _NO_TRANSFORM),
    *_with_gpu("p5", GpuKind.h100, {"48xlarge": (192, 2048, 8, 30_400)}, _HELD),
    *_with_gpu("p5e", GpuKind.h200, {"48xlarge": (192, 2048, 8, 30_400)}, _HELD),
)
"""The types that are chosen from; any other can be named by `compute.instance`."""

_OWN_DISKS = ("g4dn", "g5", "g6", "g6e", "g7", "g7e", "p3dn", "p4d", "p4de", "p5", "p5e", "p5en")
"""Families with disks of their own that are not named after them by a `d`."""


def choose(compute: Compute, use: Use) -> Instance | None:
    """The smallest instance that has what is asked for; None: there is none.

    `compute.instance` is not looked at; a type named there need not be in the table.
    """
    fitting = (i for i in INSTANCES if use in i.uses and i.has(compute))
    return min(fitting, key=lambda instance: instance.size, default=None)


def instance_type(compute: Compute, use: Use, *, path: str) -> str:
    """Name of the instance type: the one that is named, or the smallest that fits.

    Args:
        compute: what is asked for.
        use: what it is for.
        path: where `compute` stands in the spec, for the message.

    Raises:
        UnsupportedError: SageMaker has none.
    """
    if compute.instance is not None:
        return compute.instance
    found = choose(compute, use)
    if found is None:
        raise UnsupportedError(
            "aws",
            path,
            f"SageMaker has no instance type for {use} with {_wish(compute)}",
            instead=f"ask for less ({_largest(compute, use)}), or name a type in {path}.instance",
        )
    return found.type


def has_own_disks(name: str) -> bool:
    """Whether an instance type brings its own disks.

    It then gets no volume, and takes no key for one: the disks are encrypted by their hardware
    (SageMaker API Reference, `ResourceConfig.VolumeKmsKeyId`, read 2026-11-24).
    """
    family = name.removeprefix("ml.").partition(".")[0]
    return family in _OWN_DISKS or (family[-1:] == "d" and family[:1] in {"m", "c", "r"})


def _wish(compute: Compute) -> str:
    parts = [f"{compute.cpu:g} CPUs", f"{compute.memory_gib:g} GiB"]
    if compute.gpu is not None:
        parts.append(f"{compute.gpu.count} GPUs {compute.gpu.kind}")
        parts.append(f"{compute.disk_gib} GiB of disk")
    return ", ".join(parts)


def _largest(compute: Compute, use: Use) -> str:
    kind = compute.gpu.kind if compute.gpu else None
    found = [i for i in INSTANCES if use in i.uses and i.gpu == kind]
    if not found:
        kinds = sorted({str(i.gpu) for i in INSTANCES if use in i.uses and i.gpu})
        return f"GPUs for {use}: {', '.join(kinds)}"
    most = max(found, key=lambda instance: instance.size)
    with_gpus = f", {most.gpus} GPUs, {most.local_gib} GiB of disk" if kind else ""
    return f"the largest has {most.cpu} CPUs, {most.memory_gib} GiB{with_gpus}"
