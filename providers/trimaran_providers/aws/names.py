"""Physical names of what a stack makes: known at preview, the same at every `up`.

SageMaker's names take letters, digits and hyphens and at most 63 characters (botocore's shapes of
`CreateEndpoint` and others, read 2026-11-24), which fits every other service too.
"""

import re
from dataclasses import dataclass
from hashlib import sha256

from trimaran_providers.contract.cloud import Context

VARIANT = "main"
"""Name of the one production variant; never changes, or autoscaling and alarms would be lost."""
_LONGEST = 63
_HASH = 6


@dataclass(frozen=True, slots=True)
class Names:
    """Names of one model in one stack.

    Attributes:
        base: `{name}-{stack}`, letters, digits and hyphens.
    """

    base: str

    @classmethod
    def of(cls, context: Context) -> "Names":
        """Names of a component; all components of a model give the same."""
        return cls(cleaned(context.physical_name))

    def named(self, suffix: str = "", longest: int = _LONGEST) -> str:
        """`{base}-{suffix}`; where it would be too long, the base is cut and its hash put in."""
        return shortened(self.base, suffix, longest)

    @property
    def endpoint(self) -> str:
        """The endpoint."""
        return self.named()

    @property
    def pipeline(self) -> str:
        """The pipeline from data to a release."""
        return self.named()

    @property
    def monitor(self) -> str:
        """The monitor's one-step pipeline."""
        return self.named("monitor")

    @property
    def package_group(self) -> str:
        """The model package group."""
        return self.named()

    @property
    def namespace(self) -> str:
        """CloudWatch namespace of the stack's own metrics; no role may write into another."""
        return f"Trimaran/{self.named()}"

    def alarm(self, rule: str) -> str:
        """The alarm of a rule."""
        return self.named(rule.replace("_", "-"))


def cleaned(text: str) -> str:
    """Text as a name: other characters become hyphens, one at a time, none at the ends."""
    return re.sub(r"[^a-zA-Z0-9]+", "-", text).strip("-")


def shortened(base: str, suffix: str = "", longest: int = _LONGEST) -> str:
    """`{base}-{suffix}` within a length; names that are cut alike differ by their hash."""
    tail = f"-{suffix}" if suffix else ""
    if len(base) + len(tail) <= longest:
        return base + tail
    digest = sha256(base.encode()).hexdigest()[:_HASH]
    head = base[: longest - len(tail) - _HASH - 1].rstrip("-")
    return f"{head}-{digest}{tail}"
