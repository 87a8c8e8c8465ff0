"""Fields whose value another resource may supply."""

from typing import Annotated, Any

from pydantic import GetJsonSchemaHandler, ValidatorFunctionWrapHandler, WrapValidator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class _Deferred:
    """Lets a Pulumi output through unchecked: its value is known only during the update."""

    def __call__(self, value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        # Outputs are recognised by shape: the contract does not import pulumi.
        if hasattr(value, "apply") and hasattr(value, "is_known"):
            return value
        return handler(value)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(schema)


Linkable = Annotated[str, WrapValidator(_Deferred())]
"""Text, or a Pulumi output of text."""
