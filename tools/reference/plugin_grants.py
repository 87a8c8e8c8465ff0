"""What our own handlers call, by the type of the resource; and what the command calls."""

from collections.abc import Mapping

from tools.reference.grant import ANY, BUCKET, NAME, OBJECTS, SAGEMAKER, Grant, arn

PLUGIN: Mapping[str, tuple[Grant, ...]] = {
    "trimaran:aws:Endpoint": (
        Grant(
            "sagemaker",
            "AddTags CreateEndpoint CreateEndpointConfig CreateInferenceComponent CreateModel "
            "DeleteEndpoint DeleteEndpointConfig DeleteInferenceComponent DeleteModel DeleteTags "
            "DescribeEndpoint DescribeEndpointConfig DescribeInferenceComponent DescribeModel "
            "InvokeEndpoint InvokeEndpointAsync ListTags UpdateEndpoint "
            "UpdateEndpointWeightsAndCapacities UpdateInferenceComponent",
            SAGEMAKER,
        ),
        Grant("sagemaker", "ListEndpointConfigs ListInferenceComponents ListModels", ANY),
        Grant(
            "application-autoscaling",
            "DeleteScalingPolicy DeleteScheduledAction DeregisterScalableTarget "
            "DescribeScalableTargets DescribeScalingPolicies DescribeScheduledActions "
            "PutScalingPolicy PutScheduledAction RegisterScalableTarget TagResource",
            ANY,
        ),
        # Application Auto Scaling makes its own role for SageMaker, once per account.
        Grant(
            "iam",
            "CreateServiceLinkedRole",
            (
                arn(
                    "iam",
                    "role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/*",
                    region="",
                ),
            ),
        ),
        Grant("cloudwatch", "DescribeAlarms", ANY),
    ),
    "trimaran:aws:ImageBuild": (
        Grant(
            "codebuild",
            "BatchGetBuilds ListBuildsForProject StartBuild StopBuild",
            (arn("codebuild", f"project/{NAME}-*"),),
        ),
        Grant(
            "ecr",
            "BatchDeleteImage DescribeImages DescribeRepositories",
            (arn("ecr", f"repository/{NAME}*"),),
        ),
        Grant("logs", "GetLogEvents", (arn("logs", f"log-group:/aws/codebuild/{NAME}*"),)),
        Grant("s3", "DeleteObject GetObject PutObject", OBJECTS),
    ),
    "trimaran:aws:ModelRegistry": (
        Grant(
            "sagemaker",
            "CreateModelCard CreateModelPackage DeleteModelCard DeleteModelPackage "
            "DescribeModelCard DescribeModelPackage UpdateModelCard UpdateModelPackage",
            SAGEMAKER,
        ),
        Grant("sagemaker", "ListModelPackages", ANY),
    ),
    "trimaran:aws:PipelineRun": (
        Grant(
            "sagemaker",
            "DescribePipeline DescribePipelineExecution ListPipelineExecutions "
            "ListPipelineExecutionSteps StartPipelineExecution StopPipelineExecution",
            SAGEMAKER,
        ),
    ),
    "trimaran:aws:Subnets": (Grant("ec2", "DescribeRouteTables DescribeSubnets", ANY),),
}
"""By type token."""

COMMAND: tuple[Grant, ...] = (
    Grant(
        "sagemaker",
        "DescribeEndpoint DescribePipeline DescribePipelineExecution ListPipelineExecutions "
        "ListPipelineExecutionSteps StartPipelineExecution",
        SAGEMAKER,
    ),
    Grant("cloudwatch", "DescribeAlarms GetMetricData", ANY),
    Grant(
        "logs",
        "DescribeLogStreams FilterLogEvents",
        (arn("logs", "log-group:/aws/sagemaker/*Jobs*"),),
    ),
    Grant("s3", "ListBucket", BUCKET),
    Grant("s3", "GetObject PutObject", OBJECTS),
)
"""What `trimaran status`, `runs`, `logs`, `run`, `monitor`, `approve` and `rollback` call."""
