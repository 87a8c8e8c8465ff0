"""The pages themselves: made ones are fresh, links lead somewhere, what they name is there."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT
from tools.reference.__main__ import FOLDER
from tools.reference.__main__ import PAGES as MADE
from trimaran.cli.app import app

LINK = re.compile(r"\]\((?!https?://)(?P<target>[^)#]*)(?:#(?P<anchor>[^)]+))?\)")
SMALL_KIB = 250


@pytest.mark.parametrize("name", MADE)
def test_the_reference_is_what_the_code_says(name: str) -> None:
    fresh = MADE[name]()
    assert (FOLDER / name).read_text() == fresh, "run `tools/run python -m tools.reference`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.finditer(page.read_text()):
        target = (page.parent / link["target"]).resolve() if link["target"] else page
        assert target.exists(), link.group()
        if link["anchor"]:
            assert link["anchor"] in anchors_of(target), link.group()


def anchors_of(page: Path) -> set[str]:
    """Anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_and_commands_that_are_named_exist(page: Path) -> None:
    import typer

    text = page.read_text()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^    |tools/run )make ([a-z]+)", text, re.MULTILINE)) <= targets
    commands = set(getattr(typer.main.get_command(app), "commands", {}))
    assert set(re.findall(r"(?:`|\$ )trimaran ([a-z]+)", text)) <= commands


def test_the_folders_of_the_map_are_there() -> None:
    readme = (ROOT / "README.md").read_text()
    section = readme.partition("## The map\n")[2].partition("\n## ")[0]
    top, folders = ROOT, []
    for indent, name in re.findall(r"^    ( *)([\w/]+)/ *", section, re.MULTILINE):
        top = top if indent else ROOT / name
        folders.append(top / name if indent else top)
    assert len(folders) > 5
    assert [folder for folder in folders if not folder.is_dir()] == []


def test_every_field_of_a_section_is_in_the_reference() -> None:
    from trimaran_providers.contract.capabilities import paths
    from trimaran_providers.contract.spec import StackSpec

    text = re.sub(r"(\.<name>|\[\])", "", (FOLDER / "spec.md").read_text())
    assert [path for path in paths(StackSpec) if f"| `{path}` |" not in text] == []


def test_what_the_readme_calls_rejected_is_rejected() -> None:
    from trimaran_providers.contract.capabilities import Support
    from trimaran_providers.local.capabilities import TABLE

    readme = (ROOT / "README.md").read_text()
    said = readme.partition("**Rejected by name on `local`**")[2].partition("\n- **")[0]
    rejected = {
        path.partition("=")[0]
        for path, capability in TABLE.items()
        if capability.support is Support.rejected and not path.startswith("network.")
    }
    assert set(re.findall(r"`([a-z]+(?:\.[a-z_]+)*)`", said)) - {"async", "batch"} == rejected


def test_pictures_are_small() -> None:
    for picture in (ROOT / "docs" / "images").iterdir():
        assert picture.stat().st_size < SMALL_KIB * 1024
