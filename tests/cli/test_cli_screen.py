"""What is printed: to the width of a terminal, plain and whole elsewhere."""

import pytest

from tests.cli.deployed import Deployed, Trimaran
from trimaran.cli import screen


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "interactive", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.usefixtures("terminal")
def test_on_a_narrow_terminal_only_the_last_column_wraps(
    deployed: Deployed, trimaran: Trimaran
) -> None:
    release = deployed.release(0.8)
    deployed.approve(release, who="ada@host")
    lines = trimaran("releases").out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert lines[1].startswith(f"{release[:12]}  roc_auc 0.800 [0.790, 0.810]  accepted")
    assert len(lines) > 3


@pytest.mark.usefixtures("terminal")
def test_values_are_data_and_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    screen.show("[bold]x[/bold] :smile: ", ("[red]", "strong"))
    screen.show_table(("a",), [("[dim]y[/dim]",)])
    out = capsys.readouterr().out
    assert "[bold]x[/bold] :smile: [red]" in out
    assert "[dim]y[/dim]" in out


def test_in_a_pipe_nothing_is_cut_or_coloured(capsys: pytest.CaptureFixture[str]) -> None:
    screen.show_table(("name", "n"), [(("x" * 500, "bad"), "7"), ("y", "12")], right="n")
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == f"{'x' * 500}    7"
    assert lines[2] == f"y{' ' * 499}   12"


def test_a_growing_line_of_progress_is_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    with screen.progress("starting") as report:
        for line in ("data ✓", "data ✓", "data ✓   train", "data ✓   split ✓"):
            report(line)
    assert capsys.readouterr().out.splitlines() == ["data ✓", "train", "data ✓   split ✓"]
