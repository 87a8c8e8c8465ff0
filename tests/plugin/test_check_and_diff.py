"""Check and Diff, as the engine calls them, without an engine."""

from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime import rpc
from pulumi.runtime.proto.provider_pb2 import DiffResponse, PropertyDiff

from tests.plugin.toy_cloud import NoteHandler, NoteInputs, NoteOutputs
from trimaran_providers.plugin.check import check
from trimaran_providers.plugin.difference import difference
from trimaran_providers.plugin.properties import to_properties
from trimaran_providers.plugin.wire import decode, encode

NOTE = {"path": "/a", "text": "hello"}


def struct(**values: Any) -> Struct:
    """Properties as an SDK sends them."""
    message = Struct()
    message.update(values)
    return message


def secret(value: Any) -> dict[str, Any]:
    return {rpc._special_sig_key: rpc._special_secret_sig, "value": value}


def checked(**values: Any) -> dict[str, Any]:
    inputs, failures = check(NoteInputs, decode(struct(**values)))
    assert failures == ()
    return dict(decode(inputs).values)


def complaints(**values: Any) -> list[str]:
    return [str(item) for item in check(NoteInputs, decode(struct(**values)))[1]]


def diff(
    before: dict[str, Any], after: dict[str, Any], outputs: dict[str, Any] | None = None
) -> DiffResponse:
    old, _ = check(NoteInputs, decode(struct(**before)))
    new, _ = check(NoteInputs, decode(struct(**after)))
    whole = {**dict(decode(old).values), "revision": 1, "state": "good"}
    kept = struct(**(whole if outputs is None else outputs))
    return difference(NoteHandler(), decode(old), decode(kept), decode(new))


def test_defaults_are_filled_in_and_keys_of_mappings_kept() -> None:
    assert checked(**NOTE, marks={"snake_key": "a", "camelKey": "b"}) == {
        **NOTE,
        "lineCount": 1,
        "marks": {"snake_key": "a", "camelKey": "b"},
        "fail": "",
        "seconds": 0,
    }


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"lineCuont": 2}, "lineCuont: there is no such input; did you mean lineCount?"),
        (
            {"colour": "red"},
            "colour: there is no such input; allowed: "
            "fail, label, lineCount, marks, passPhrase, path, seconds, text",
        ),
        ({"lineCount": 10}, "lineCount: input should be less than or equal to 9, given 10"),
        ({"label": {"textColor": "red"}}, "label.textColor: there is no such field"),
        ({"text": "x" * 101}, "the note is longer than 100 characters"),
        ({"text": secret(12345)}, "text: input should be a valid string"),
        ({"passPhrase": 12345}, "passPhrase: input should be a valid string"),
    ],
)
def test_each_wrong_input_is_named_with_what_is_allowed(inputs: dict[str, Any], said: str) -> None:
    assert complaints(**{**NOTE, **inputs}) == [said]


def test_every_problem_is_listed() -> None:
    assert complaints(lineCount=0, textt="x") == [
        "path: is required",
        "text: is required",
        "lineCount: input should be greater than or equal to 1, given 0",
        "textt: there is no such input; did you mean text?",
    ]


def test_unknown_inputs_count_as_right_and_the_others_are_judged() -> None:
    unknown = {"path": rpc.UNKNOWN, "text": "x" * 101}
    inputs, failures = check(NoteInputs, decode(struct(**unknown)))
    assert failures == ()
    assert inputs.fields["path"].string_value == rpc.UNKNOWN
    assert inputs.fields["lineCount"].number_value == 1
    assert complaints(**unknown, lineCount=0) == [
        "lineCount: input should be greater than or equal to 1, given 0"
    ]
    inside = {**NOTE, "label": {"textColour": rpc.UNKNOWN}}
    assert (
        check(NoteInputs, decode(struct(**inside)))[0].fields["label"]
        == struct(**inside).fields["label"]
    )


def test_secrets_come_back_as_secrets() -> None:
    given = struct(path="/a", text=secret("s"), marks={"a": secret("b")}, passPhrase="declared")
    inputs = decode(check(NoteInputs, decode(given))[0])
    assert inputs.secrets == {"text", "marks", "passPhrase"}
    assert inputs.values["marks"] == {"a": "b"}


def test_nothing_changed() -> None:
    assert diff(NOTE, {**NOTE, "lineCount": 1}).changes == DiffResponse.DIFF_NONE


def test_a_changed_input_updates_and_one_that_replaces_replaces() -> None:
    changed = diff(NOTE, {**NOTE, "text": "bye", "label": {}})
    assert changed.changes == DiffResponse.DIFF_SOME
    assert {name: item.kind for name, item in changed.detailedDiff.items()} == {
        "text": PropertyDiff.UPDATE,
        "label": PropertyDiff.ADD,
    }
    assert list(changed.replaces) == []

    moved = diff({**NOTE, "label": {}}, {**NOTE, "path": "/b"})
    assert {name: item.kind for name, item in moved.detailedDiff.items()} == {
        "path": PropertyDiff.UPDATE_REPLACE,
        "label": PropertyDiff.DELETE,
    }
    assert list(moved.replaces) == ["path"]
    assert moved.deleteBeforeReplace


def test_making_a_value_secret_changes_nothing() -> None:
    assert diff(NOTE, {**NOTE, "text": secret("hello")}).changes == DiffResponse.DIFF_NONE


def test_an_input_that_becomes_unknown_counts_as_changed() -> None:
    seen = diff(NOTE, {**NOTE, "text": rpc.UNKNOWN})
    assert list(seen.diffs) == ["text"]


def test_a_drifted_output_updates_and_never_replaces() -> None:
    torn = diff(NOTE, NOTE, {**NOTE, "revision": 1, "state": "torn"})
    assert list(torn.diffs) == ["state"]
    assert not torn.detailedDiff["state"].inputDiff

    half_made = diff(NOTE, NOTE, {"revision": 1})
    assert half_made.changes == DiffResponse.DIFF_SOME
    assert "path" in half_made.diffs
    assert list(half_made.replaces) == []


@given(
    st.builds(
        NoteInputs,
        path=st.text(),
        text=st.text(max_size=9),
        line_count=st.integers(1, 9),
        marks=st.dictionaries(st.text().filter(lambda key: key != rpc._special_sig_key), st.text()),
        pass_phrase=st.none() | st.text(),
        seconds=st.floats(allow_nan=False, allow_infinity=False),
    )
)
def test_a_model_survives_the_way_to_the_engine_and_back(inputs: NoteInputs) -> None:
    outputs = NoteOutputs(**inputs.model_dump(), revision=3, state="good")
    sent = encode(to_properties(outputs), {"text", "passPhrase"})
    assert NoteOutputs.model_validate(decode(sent).values) == outputs
