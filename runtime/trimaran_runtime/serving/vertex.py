"""Routes that Vertex AI asks for.

Source: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/ModelContainerSpec (read
2026-11-25): `predictRoute` and `healthRoute`, handed over as `AIP_PREDICT_ROUTE` and
`AIP_HEALTH_ROUTE`, are by default
`/v1/endpoints/ENDPOINT/deployedModels/DEPLOYED_MODEL:predict`.
"""

from collections.abc import Mapping


def vertex_routes(environ: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Path of the health check and of predictions; None: it does not ask for one."""
    endpoint, model = environ.get("AIP_ENDPOINT_ID"), environ.get("AIP_DEPLOYED_MODEL_ID")
    default = None
    if endpoint and model:
        default = f"/v1/endpoints/{endpoint}/deployedModels/{model}:predict"
    return (
        environ.get("AIP_HEALTH_ROUTE") or default,
        environ.get("AIP_PREDICT_ROUTE") or default,
    )
