"""The text below each field of a model, read when somebody asks for it.

pydantic's `use_attribute_docstrings` reads it at every import: on two cores 0.23 s of the 3 s of a
rendering for AWS, for words that only schemas, pages and error messages show.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise

from pydantic import BaseModel


@cache
def field_docs(model: type[BaseModel]) -> Mapping[str, str]:
    """Documentation of each field that has one, by name; a subclass says it anew or inherits it.

    Args:
        model: a model whose source is at hand: one defined in a file.
    """
    found: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        # pydantic's own base has no fields to speak of.
        if issubclass(kind, BaseModel) and kind is not BaseModel:
            found |= dict(_below_fields(kind))
    return {name: text for name, text in found.items() if name in model.model_fields}


def _below_fields(kind: type) -> Iterator[tuple[str, str]]:
    [tree] = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    for field, below in pairwise(body):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, inspect.cleandoc(text)
