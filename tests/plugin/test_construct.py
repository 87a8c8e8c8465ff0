"""What a component gets from the engine's inputs, without an engine."""

import asyncio
from typing import Any

import pulumi
import pytest
from google.protobuf.struct_pb2 import Struct
from pulumi.errors import InputPropertiesError
from pulumi.runtime import rpc

from tests.plugin.toy_component import Notebook, NotebookArgs
from trimaran_providers.plugin.construct import SpecReader, read_inputs, wire_path
from trimaran_providers.plugin.provider import TrimaranProvider

URN = "urn:pulumi:s::p::t::n"


def output(value: Any = None, *, secret: bool = False, known: bool = True) -> dict[str, Any]:
    """An output as the engine sends it."""
    marked = {
        rpc._special_sig_key: rpc._special_output_value_sig,
        "secret": secret,
        "dependencies": [URN],
    }
    return {**marked, "value": value} if known else marked


def read(**inputs: Any) -> tuple[dict[str, Any], list[str]]:
    message = Struct()
    message.update(inputs)
    reader = SpecReader()
    values = reader.record(NotebookArgs, read_inputs(message, {}))
    return values, [f"{problem.path}: {problem.what}" for problem in reader.problems]


def test_fields_become_snake_case_and_keys_of_mappings_stay() -> None:
    values, problems = read(
        folder="/f",
        pages=[{"firstLine": "a", "lineCount": 3}],
        labels={"firstLine": "kept", "snake_key": "kept"},
        settings={"n": 2, "x": 0.5},
        __internal="left out",
    )
    assert problems == []
    assert values == {
        "folder": "/f",
        "pages": [{"first_line": "a", "line_count": 3}],
        "labels": {"firstLine": "kept", "snake_key": "kept"},
        "settings": {"n": 2, "x": 0.5},
    }
    assert isinstance(values["pages"][0]["line_count"], int)


def test_a_linkable_field_stays_an_output_with_all_its_marks() -> None:
    async def scenario() -> None:
        values, problems = read(
            folder=output("/f"),
            cover_text="no such field",
            coverText=output("t", secret=True),
            pages=output([{"firstLine": "whole list is an output"}, {"firstLine": "b"}]),
        )
        assert problems == ["cover_text: there is no such field"]
        assert values["folder"] == "/f"
        cover = values["cover_text"]
        assert isinstance(cover, pulumi.Output)
        assert (await cover.future(), await cover.is_secret()) == ("t", True)
        first = values["pages"][0]["first_line"]
        assert await first.future() == "whole list is an output"
        assert [await item.urn.future() for item in await first.resources()] == [URN]
        unknown = read(folder="/f", coverText=output(known=False))[0]["cover_text"]
        assert not await unknown.is_known()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("inputs", "problem"),
    [
        ({"pgaes": []}, "pgaes: there is no such field"),
        ({"pages": [{"firstLin": "a"}]}, "pages[0].firstLin: there is no such field"),
        ({"labels": {"a": rpc.UNKNOWN}}, "labels.a: is known only during the update"),
        ({"labels": output({"a": "b"}, secret=True)}, "labels.a: is a secret"),
    ],
)
def test_what_cannot_be_is_named_by_its_path(inputs: dict[str, Any], problem: str) -> None:
    assert read(folder="/f", **inputs)[1][0].startswith(problem)


def test_a_path_in_python_becomes_the_path_that_the_user_wrote() -> None:
    assert wire_path(NotebookArgs, "pages[1].first_line") == "pages[1].firstLine"
    assert wire_path(NotebookArgs, "cover_text") == "coverText"
    assert wire_path(NotebookArgs, "labels.snake_key") == "labels.snake_key"
    assert wire_path(NotebookArgs, "pages.0.first_line") == "pages.0.firstLine"


def test_an_error_of_the_component_is_told_in_the_users_words() -> None:
    class Refusing:
        """A component that finds everything wrong."""

        token = Notebook.token
        args_model = NotebookArgs
        outputs = ()

        def __init__(self, name: str, args: dict[str, Any], opts: object) -> None:
            NotebookSpecError = _spec_error("pages[0].first_line", "is too short")  # noqa: N806
            raise pulumi.RunError(str(NotebookSpecError)) from NotebookSpecError

    provider = TrimaranProvider(lambda: {Notebook.token: Refusing})
    with pytest.raises(InputPropertiesError) as caught:
        provider.construct("book", Notebook.token, {})
    assert caught.value.errors == [
        {"property_path": "pages[0].firstLine", "reason": "is too short"}
    ]


def _spec_error(path: str, what: str) -> Exception:
    from trimaran_providers.contract.errors import Problem, SpecError

    return SpecError([Problem(path=path, what=what)])
