"""What the server tells SageMaker's batch transform, and what it is told by it.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html and
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
(the first read 2026-11-25, the second cited from memory).
"""

from collections.abc import Mapping
from typing import Any

from trimaran_runtime.errors import ConfigError
from trimaran_runtime.serving.config import ServerConfig

_PAYLOAD = "SAGEMAKER_MAX_PAYLOAD_IN_MB"
_BATCH = "SAGEMAKER_BATCH"
_MOST_MB = 100
"""Largest payload of a transform job, and of all that are under way at a time, MB."""
_ANY_MIB = 1024.0
"""Body limit where the job says 0: payloads of any size, in chunks."""
_TRANSFORMS = 2
"""Requests under way: one is predicted while the next one arrives."""
_BATCH_SECONDS = 600.0
"""Time in which a container must answer a batch transform."""
_NO_SHEDDING_ROWS, _NO_SHEDDING_SECONDS = 1_000_000_000, 3600.0


def execution_parameters(max_body_mib: float) -> dict[str, Any]:
    """The answer to `GET /execution-parameters`: how a job should send its records.

    Args:
        max_body_mib: largest body that is read, MiB.
    """
    payload = max(1, min(_MOST_MB, int(max_body_mib)))
    return {
        "MaxConcurrentTransforms": max(1, min(_TRANSFORMS, _MOST_MB // payload)),
        # A body below one MB cannot be told, so that one record at a time has to do.
        "BatchStrategy": "MULTI_RECORD" if max_body_mib >= 1 else "SINGLE_RECORD",
        "MaxPayloadInMB": payload,
    }


def configured(config: ServerConfig, environ: Mapping[str, str]) -> ServerConfig:
    """The configuration with what a transform job says about itself.

    A payload that the job may send is taken, though the limit was lower. In a job nobody else
    waits and SageMaker decides how many requests are under way, so none is shed, and one may take
    as long as the job waits for it.

    Raises:
        ConfigError: the payload is no number of MB.
    """
    limits = config.limits
    given = environ.get(_PAYLOAD)
    if given:
        if not given.isdecimal() or int(given) > _MOST_MB:
            raise ConfigError(
                f"{given!r} is no size of a payload",
                where=_PAYLOAD,
                allowed=f"a whole number of MB, 0 to {_MOST_MB}",
            )
        body_mib = max(limits.max_body_mib, float(given) or _ANY_MIB)
        limits = limits.model_copy(update={"max_body_mib": body_mib})
    if environ.get(_BATCH, "").lower() != "true":
        return config.model_copy(update={"limits": limits})
    limits = limits.model_copy(
        update={"timeout_seconds": max(limits.timeout_seconds, _BATCH_SECONDS)}
    )
    return config.model_copy(
        update={
            "limits": limits,
            "max_queue_rows": _NO_SHEDDING_ROWS,
            "max_lag_seconds": _NO_SHEDDING_SECONDS,
        }
    )
