"""The text below a field is its documentation."""

from trimaran_runtime.field_docs import field_docs
from trimaran_runtime.section import Section


class _Above(Section):
    plain: int = 1
    said: int = 1
    """From above."""
    again: int = 1
    """From above."""


class _Below(_Above):
    """A section."""

    again: int = 2
    """From below,

    in two paragraphs.
    """


def test_a_subclass_says_it_anew_or_inherits_it() -> None:
    assert field_docs(_Below) == {
        "said": "From above.",
        "again": "From below,\n\nin two paragraphs.",
    }


def test_importing_a_model_reads_no_source() -> None:
    assert not Section.model_config.get("use_attribute_docstrings")
    assert _Below.model_fields["again"].description is None
