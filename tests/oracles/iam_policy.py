"""IAM policy documents: grammar, actions that exist, ARNs, conditions, and every `*`.

Grammar: IAM User Guide, "Grammar of the IAM JSON policy language"; sizes: "IAM and AWS STS quotas";
both as known. Actions come from the service models of botocore: for most services an action
is an operation, and where it is not, `iam_actions` says so.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.oracles.finding import Finding, Rendered, judged
from tests.oracles.iam_actions import is_action, is_prefix

LAYER = "policy"
VERSION = "2012-10-17"
_PARTITION = r"(aws|aws-cn|aws-us-gov|\*|\$\{[^}]+\})"
_ARN = re.compile(rf"arn:{_PARTITION}:[a-z0-9-]+:[a-z0-9*-]*:(\d{{12}}|\*|aws|):.+", re.DOTALL)
_SID = re.compile(r"[A-Za-z0-9]*")
_SERVICE = re.compile(r"[a-z0-9.-]+\.(amazonaws\.com|aws\.internal)(\.cn)?")
_AWS_PRINCIPAL = re.compile(rf"(\*|\d{{12}}|arn:{_PARTITION}:(iam|sts)::(\d{{12}}|\*):.+)")
_OPERATORS = {
    *(f"String{x}" for x in ("Equals", "NotEquals", "Like", "NotLike")),
    *("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    *(
        f"{kind}{x}"
        for kind in ("Numeric", "Date")
        for x in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan")
    ),
    *("NumericGreaterThanEquals", "DateGreaterThanEquals", "Bool", "BinaryEquals"),
    *("IpAddress", "NotIpAddress"),
    *(f"Arn{x}" for x in ("Equals", "Like", "NotEquals", "NotLike")),
    "Null",
}
_GLOBAL_KEYS = {
    *("calledvia", "calledviafirst", "calledvialast", "currenttime", "epochtime"),
    *(
        "multifactorauthage",
        "multifactorauthpresent",
        "principalaccount",
        "principalarn",
        "principalisawsservice",
    ),
    *(
        "principalorgid",
        "principalorgpaths",
        "principalservicename",
        "principalservicenameslist",
        "principaltype",
    ),
    *("referer", "requestedregion", "resourceaccount", "resourceorgid", "resourceorgpaths"),
    *("securetransport", "sourceaccount", "sourcearn", "sourceidentity", "sourceip"),
    *("sourceorgid", "sourceorgpaths", "sourcevpc", "sourcevpce", "tagkeys"),
    *("tokenissuetime", "useragent", "userid", "username", "viaawsservice"),
    *("vpcsourceip"),
}
_TAGGED_KEYS = ("principaltag/", "requesttag/", "resourcetag/")
_TOP = {"Version", "Id", "Statement"}
_PARTS = {
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"),
    *("Resource", "NotResource", "Condition"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a policy is attached to decides what it must and may hold.

    Attributes:
        principal: whether statements name who; else they are for what they are attached to.
        resource: whether statements name resources.
        longest: characters it may have, white space aside.
        stars: whether the resource is `*` by nature, as in a key's own policy.
    """

    principal: bool
    resource: bool
    longest: int
    stars: bool = False


IDENTITY = Kind(principal=False, resource=True, longest=6144)
INLINE = Kind(principal=False, resource=True, longest=10240)
TRUST = Kind(principal=True, resource=False, longest=4096)
RESOURCE = Kind(principal=True, resource=True, longest=20480)
REPOSITORY = Kind(principal=True, resource=False, longest=10240)
KEY = Kind(principal=True, resource=True, longest=32768, stars=True)
POLICIES: dict[str, dict[str, Kind]] = {
    "aws:iam/role:Role": {"assumeRolePolicy": TRUST},
    "aws:iam/rolePolicy:RolePolicy": {"policy": INLINE},
    "aws:iam/policy:Policy": {"policy": IDENTITY},
    "aws:s3/bucketPolicy:BucketPolicy": {"policy": RESOURCE},
    "aws:sns/topicPolicy:TopicPolicy": {"policy": RESOURCE},
    "aws:sqs/queuePolicy:QueuePolicy": {"policy": RESOURCE},
    "aws:ecr/repositoryPolicy:RepositoryPolicy": {"policy": REPOSITORY},
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": {"resourcePolicy": RESOURCE},
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": {"policyDocument": RESOURCE},
    "aws:kms/key:Key": {"policy": KEY},
    "aws:kms/keyPolicy:KeyPolicy": {"policy": KEY},
    "aws:secretsmanager/secretPolicy:SecretPolicy": {"policy": RESOURCE},
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"policy": RESOURCE},
}
"""Where policies stand, by type and input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Star:
    """A `*` in a policy.

    Attributes:
        resource: `type name` of the resource that holds the policy.
        sid: the statement's.
        effect: `Allow` or `Deny`.
        part: `Action`, `Resource`, `Principal` or `Condition`.
        value: the value with the `*`.
    """

    resource: str
    sid: str
    effect: str
    part: str
    value: str

    @property
    def whole(self) -> bool:
        """Whether it stands for everything."""
        return self.value in ("*", "*:*", "arn:aws:s3:::*")


def check(resource: Rendered) -> list[Finding]:
    """Everything wrong with the policies of a resource."""
    found: list[Finding] = []
    for name, kind in POLICIES.get(resource.type, {}).items():
        text = resource.inputs.get(name)
        if text is not None and judged(text):
            found += check_text(text, kind, name)
    return found


def check_text(text: Any, kind: Kind, path: str = "policy") -> list[Finding]:
    """Everything wrong with one policy document."""
    document = _parsed(text)
    if not isinstance(document, Mapping):
        return [_found(path, "is no JSON object")]
    found = [_found(f"{path}.{n}", "unknown element") for n in document.keys() - _TOP]
    if document.get("Version") != VERSION:
        found.append(_found(f"{path}.Version", f"{document.get('Version')!r} is not {VERSION}"))
    size = len(re.sub(r"\s", "", text)) if isinstance(text, str) else 0
    if size > kind.longest:
        found.append(_found(path, f"has {size} characters, more than {kind.longest}"))
    statements = _as_list(document.get("Statement"))
    if not statements:
        found.append(_found(f"{path}.Statement", "is missing or empty"))
    sids: set[str] = set()
    for position, statement in enumerate(statements):
        at = f"{path}.Statement[{position}]"
        found += _statement(statement, kind, at)
        sid = statement.get("Sid") if isinstance(statement, Mapping) else None
        if sid in sids:
            found.append(_found(f"{at}.Sid", f"{sid!r} is there twice"))
        if isinstance(sid, str):
            sids.add(sid)
    return found


def stars(resources: list[Rendered]) -> list[Star]:
    """Every `*` in every policy of the resources; conditions' patterns included."""
    found = []
    for resource in resources:
        for name in POLICIES.get(resource.type, {}):
            document = _parsed(resource.inputs.get(name))
            if isinstance(document, Mapping):
                for statement in _as_list(document.get("Statement")):
                    found += list(_stars(f"{resource.type} {resource.name}", statement))
    return found


def _stars(resource: str, statement: Any) -> Iterator[Star]:
    for part in ("Action", "NotAction", "Resource", "NotResource", "Principal", "Condition"):
        for value in _texts(statement.get(part)):
            if "*" in value:
                yield Star(
                    resource=resource,
                    sid=statement.get("Sid", ""),
                    effect=statement.get("Effect", ""),
                    part=part,
                    value=value,
                )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _statement(statement: Any, kind: Kind, at: str) -> Iterator[Finding]:
    if not isinstance(statement, Mapping):
        yield _found(at, f"{statement!r} is no statement")
        return
    for name in statement.keys() - _PARTS:
        yield _found(f"{at}.{name}", "unknown element")
    sid = statement.get("Sid", "")
    if not isinstance(sid, str) or not _SID.fullmatch(sid):
        yield _found(f"{at}.Sid", f"{sid!r} has other characters than letters and digits")
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield _found(f"{at}.Effect", f"{statement.get('Effect')!r} is neither Allow nor Deny")
    yield from _actions(statement, at)
    yield from _resources(statement, kind, at)
    yield from _principals(statement, kind, at)
    yield from _conditions(statement.get("Condition", {}), at)


def _actions(statement: Mapping[str, Any], at: str) -> Iterator[Finding]:
    if "NotAction" in statement and statement.get("Effect") == "Allow":
        yield _found(f"{at}.NotAction", "allows everything else, also what comes next year")
    if ("Action" in statement) == ("NotAction" in statement):
        yield _found(f"{at}.Action", "exactly one of Action and NotAction is needed")
    name = "Action" if "Action" in statement else "NotAction"
    for position, action in enumerate(_as_list(statement.get(name))):
        path = f"{at}.{name}[{position}]"
        if action == "*":
            continue  # `stars` reports it
        if not isinstance(action, str) or action.count(":") != 1:
            yield _found(path, f"{action!r} is not of the form service:Action")
        elif not is_prefix(action.partition(":")[0]):
            yield _found(path, f"there is no service {action.partition(':')[0]!r}")
        elif not is_action(action):
            yield _found(path, f"there is no action {action!r}")


def _resources(statement: Mapping[str, Any], kind: Kind, at: str) -> Iterator[Finding]:
    has = "Resource" in statement or "NotResource" in statement
    if has != kind.resource:
        yield _found(f"{at}.Resource", "is missing" if kind.resource else "does not belong here")
    if "NotResource" in statement and statement.get("Effect") == "Allow":
        yield _found(f"{at}.NotResource", "allows everything else")
    for name in ("Resource", "NotResource"):
        values = _as_list(statement.get(name))
        if name in statement and not values:
            yield _found(f"{at}.{name}", "is empty")
        for position, arn in enumerate(values):
            if arn != "*" and judged(arn) and not (isinstance(arn, str) and _ARN.fullmatch(arn)):
                yield _found(f"{at}.{name}[{position}]", f"{arn!r} is no ARN")


def _principals(statement: Mapping[str, Any], kind: Kind, at: str) -> Iterator[Finding]:
    has = "Principal" in statement or "NotPrincipal" in statement
    if has != kind.principal:
        yield _found(f"{at}.Principal", "is missing" if kind.principal else "does not belong here")
    if "NotPrincipal" in statement:
        yield _found(f"{at}.NotPrincipal", "surprises; name who, or use a condition")
    principal = statement.get("Principal")
    if principal is None or principal == "*":
        return
    if not isinstance(principal, Mapping):
        yield _found(f"{at}.Principal", f'{principal!r} is neither "*" nor type to ids')
        return
    for name, value in principal.items():
        for who in _as_list(value):
            path = f"{at}.Principal.{name}"
            if name == "Service" and not _SERVICE.fullmatch(str(who)):
                yield _found(path, f"{who!r} is no service principal")
            elif name == "AWS" and judged(who) and not _AWS_PRINCIPAL.fullmatch(str(who)):
                yield _found(path, f"{who!r} is no account, role or user")
            elif name not in ("Service", "AWS", "Federated", "CanonicalUser"):
                yield _found(path, "is no type of principal")


def _conditions(condition: Any, at: str) -> Iterator[Finding]:
    if not isinstance(condition, Mapping):
        yield _found(f"{at}.Condition", f"{condition!r} is no object")
        return
    for operator, tests in condition.items():
        path = f"{at}.Condition.{operator}"
        name = re.sub(r"^(ForAllValues|ForAnyValue):", "", operator).removesuffix("IfExists")
        if name not in _OPERATORS:
            yield _found(path, "is no condition operator")
        if not isinstance(tests, Mapping) or not tests:
            yield _found(path, f"{tests!r} tests no key")
            continue
        for key, values in tests.items():
            if not _is_key(key):
                yield _found(f"{path}.{key}", "is no condition key")
            for value in _as_list(values):
                if not isinstance(value, (str, bool, int, float)):
                    yield _found(f"{path}.{key}", f"{value!r} is no plain value")


def _is_key(key: str) -> bool:
    prefix, _, name = key.partition(":")
    name = name.lower()
    if prefix == "aws":
        return name in _GLOBAL_KEYS or any(
            name.startswith(tagged) and len(name) > len(tagged) for tagged in _TAGGED_KEYS
        )
    return bool(name) and is_prefix(prefix)


def _parsed(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return None


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _found(path: str, what: str) -> Finding:
    return Finding(layer=LAYER, path=path, what=what)
