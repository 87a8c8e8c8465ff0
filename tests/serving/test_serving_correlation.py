"""Ids of a request: which one counts, and what comes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimaran_runtime.serving.correlation import given_id, passed_on

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"
"""The example of https://www.w3.org/TR/trace-context/ (cited from memory)."""


def test_a_trace_is_the_id_where_there_is_no_other() -> None:
    # A trace has many requests: the span tells them apart.
    assert given_id({"traceparent": PARENT}) == f"{TRACE}-{SPAN}"
    assert given_id({"traceparent": PARENT, "x-request-id": "mine"}) == "mine"
    assert given_id({}) is None


@pytest.mark.parametrize(
    ("parent", "is_valid"),
    [
        (f"01-{TRACE}-{SPAN}-01-later", True),
        (f"ff-{TRACE}-{SPAN}-01", False),
        (f"00-{'0' * 32}-{SPAN}-01", False),
        (f"00-{TRACE}-{'0' * 16}-01", False),
        (f"00-{TRACE.upper()}-{SPAN}-01", False),
        (f"00-{TRACE[1:]}-{SPAN}-01", False),
        ("", False),
    ],
)
def test_an_invalid_trace_is_ignored(parent: str, is_valid: bool) -> None:
    assert (given_id({"traceparent": parent}) is not None) == is_valid


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "x-request-id",
                "x-ms-client-request-id",
                "x-amzn-sagemaker-inference-id",
                "x-amzn-sagemaker-custom-attributes",
                "traceparent",
            ]
        ),
        st.text(max_size=200),
    )
)
def test_nothing_comes_back_that_could_not_be_a_header(headers: dict[str, str]) -> None:
    back = [given_id(headers) or "none", *passed_on(headers).values()]
    assert all(0 < len(text) <= 1024 and text.isascii() and text.isprintable() for text in back)


def test_only_what_was_sent_is_passed_on() -> None:
    assert passed_on({"x-request-id": "a", "traceparent": PARENT}) == {}
    attributes = {"x-amzn-sagemaker-custom-attributes": "a=1"}
    assert passed_on(attributes) == attributes
