"""Deletion of model packages and of their groups, which moto does not know; the rest is moto's."""

from typing import Any

from moto.sagemaker.models import sagemaker_backends

from tests.aws.fake_endpoints import ACCOUNT, REGION, Refusal

Body = dict[str, Any]


class Packages:
    """Operations on what moto's SageMaker keeps."""

    def delete_model_package(self, body: Body) -> Body:
        backend = sagemaker_backends[ACCOUNT][REGION]
        name = body["ModelPackageName"]
        if name not in backend.model_packages:
            raise Refusal(f"ModelPackage {name} does not exist.")
        del backend.model_packages[name]
        return {}

    def delete_model_package_group(self, body: Body) -> Body:
        backend = sagemaker_backends[ACCOUNT][REGION]
        name = body["ModelPackageGroupName"]
        if name not in backend.model_package_groups:
            raise Refusal(f"ModelPackageGroup {name} does not exist.")
        if any(p.model_package_group_name == name for p in backend.model_packages.values()):
            raise Refusal("Cannot delete a model package group that has model packages.")
        del backend.model_package_groups[name]
        return {}
