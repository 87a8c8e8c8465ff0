"""`status`, `releases`, `runs`, `logs`, `alerts`, `report`: what a person sees of a deployment."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.deployed import Deployed, Trimaran
from trimaran.cli.clock import ago, span, until
from trimaran_providers.contract.deployment import Snapshot
from trimaran_providers.local.run_record import Status
from trimaran_runtime.alerting.book import AlertBook
from trimaran_runtime.alerting.event import Level, Raise, Rule

VERBS = ("status", "releases", "runs", "logs", "alerts", "report", "run", "monitor", "rollback")


@pytest.mark.parametrize("verb", VERBS)
def test_before_the_first_up_every_verb_says_what_to_do(
    project: Path, trimaran: Trimaran, verb: str
) -> None:
    answer = trimaran(verb)
    assert answer.code == 3
    assert answer.err == (
        "error: nothing is deployed on this machine\n  Next: run `pulumi up -s local` first\n"
    )


def test_the_screen_of_a_stack_whose_gateway_is_gone(
    deployed: Deployed, trimaran: Trimaran
) -> None:
    release = deployed.release(0.727)
    deployed.approve(release)
    deployed.pipeline_run("20260101-120000-aaaaaa", Status.succeeded, release=release)
    answer = trimaran("status")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0] == "flights · local · down"
    assert lines[1].startswith(f"  release    {release[:12]}   roc_auc 0.727 [0.717, 0.737]")
    assert lines[1].endswith("approved automatically")
    assert (
        lines[2] == "  endpoint   down   its process is gone; `pulumi up --refresh` brings it back"
    )
    assert lines[3].startswith("  last run   succeeded in 21 s (up, ")
    assert lines[4:] == ["  drift      not checked yet", "  alerts     none open"]


def test_while_the_first_up_makes_the_endpoint_nothing_is_down(
    deployed: Deployed, trimaran: Trimaran
) -> None:
    shutil.rmtree(deployed.layout.endpoint("flights-local"))
    deployed.store.write("pipeline/definition.json", b"{}")
    lines = trimaran("status").out.splitlines()
    assert lines[0] == "flights · local · waiting"
    assert lines[2] == "  endpoint   waiting   not there yet"


def test_before_anything_was_released(deployed: Deployed, trimaran: Trimaran) -> None:
    out = trimaran("status").out
    assert "release    none in production yet" in out
    assert "last run   none" in out


def test_a_release_that_waits_is_shown_with_the_command_that_lets_it_in(
    deployed: Deployed, trimaran: Trimaran
) -> None:
    first = deployed.release(0.7)
    deployed.approve(first, who="ada@host")
    second = deployed.release(0.8)
    out = trimaran("status").out
    assert "by ada@host: because" in out
    assert f"{second[:12]} waits for approval   roc_auc 0.800" in out
    assert out.rstrip().splitlines()[2].endswith(f"trimaran approve {second[:12]}")


def test_a_release_that_was_rolled_back_does_not_wait(
    deployed: Deployed, trimaran: Trimaran
) -> None:
    for value in (0.7, 0.8):
        deployed.approve(deployed.release(value))
    trimaran("rollback", "--no-wait")
    assert "waits" not in trimaran("status").out


def test_status_as_json_is_the_snapshot(deployed: Deployed, trimaran: Trimaran) -> None:
    deployed.approve(deployed.release(0.727))
    deployed.pipeline_run("20260101-120000-aaaaaa", Status.succeeded)
    snapshot = Snapshot.model_validate(trimaran("status", "--json").document)
    assert (snapshot.model, snapshot.stack, snapshot.cloud) == ("flights", "local", "local")
    assert snapshot.production is not None
    assert snapshot.production.interval == (0.717, 0.737)
    assert snapshot.health == "down"


def test_an_undefined_metric_is_shown_as_such(deployed: Deployed, trimaran: Trimaran) -> None:
    deployed.release(None, accepted=False)
    assert "roc_auc undefined   refused" in trimaran("releases").out
    assert trimaran("releases", "--json").document[0]["value"] is None


def test_releases_tell_gate_channels_and_reason(deployed: Deployed, trimaran: Trimaran) -> None:
    good = deployed.release(0.8)
    deployed.approve(good, who="ada@host")
    bad = deployed.release(0.6, accepted=False)
    lines = trimaran("releases").out.splitlines()
    by_id = {line.split()[0]: line for line in lines[1:]}
    assert "accepted" in by_id[good[:12]]
    assert by_id[good[:12]].endswith("candidate, approved, production; by ada@host: because")
    assert "refused" in by_id[bad[:12]]
    assert "segment carrier=HA: drop 0.09 > 0.02" in by_id[bad[:12]]
    assert [row["id"] for row in trimaran("releases", "--json").document] == [bad, good]


def test_runs_and_their_logs(deployed: Deployed, trimaran: Trimaran) -> None:
    deployed.pipeline_run("20260101-120000-aaaaaa", Status.succeeded)
    deployed.pipeline_run("20260102-120000-bbbbbb", Status.failed, message="no file\nat all")
    lines = trimaran("runs").out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [
        "20260102-120000-bbbbbb",
        "20260101-120000-aaaaaa",
    ]
    assert lines[1].endswith("no file")
    assert trimaran("logs").out.splitlines() == [
        "── data",
        "[data] of 20260102-120000-bbbbbb",
        "── train",
        "[train] of 20260102-120000-bbbbbb",
    ]
    assert trimaran("logs", "aaaaaa", "data").out == "[data] of 20260101-120000-aaaaaa\n"
    document = trimaran("logs", "--json").document
    assert document["steps"]["train"] == ["[train] of 20260102-120000-bbbbbb"]
    assert [run["status"] for run in trimaran("runs", "--json").document] == ["failed", "succeeded"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("zzz",), "there is no run called zzz\n  Allowed: 20260102-120000-bbbbbb, 2026"),
        (("2026",), "several runs are called 2026\n  Allowed: 20260102-120000-bbbbbb, 2026"),
        (("bbbbbb", "gate"), "run 20260102-120000-bbbbbb has no step gate\n  Allowed: data, train"),
    ],
)
def test_a_run_that_is_not_there_is_told(
    deployed: Deployed, trimaran: Trimaran, arguments: tuple[str, ...], message: str
) -> None:
    deployed.pipeline_run("20260101-120000-aaaaaa", Status.succeeded)
    deployed.pipeline_run("20260102-120000-bbbbbb", Status.failed)
    answer = trimaran("logs", *arguments)
    assert answer.code == 3
    assert message in answer.err


def test_open_alerts_are_listed(deployed: Deployed, trimaran: Trimaran) -> None:
    assert trimaran("alerts").out == "no alert is open\n"
    alert = Raise(
        rule=Rule.drift, key="flights", level=Level.warning, sentence="temp moved by 0.9 sd"
    )
    AlertBook(deployed.store).raise_(alert, datetime.now(UTC))
    assert "drift" in trimaran("alerts").out
    assert "temp moved by 0.9 sd" in trimaran("alerts").out
    assert "alerts     1 open: drift" in trimaran("status").out
    assert trimaran("alerts", "--json").document[0]["rule"] == "drift"


class TestDrift:
    def check(self, deployed: Deployed, **changes: object) -> None:
        summary = {
            "key": "monitor/x",
            "when": "2026-01-01T12:00:00Z",
            "severity": "ok",
            "sentence": "No drift in 41 columns.",
            "drifted": [],
            "columns": 41,
            "rows": 12408,
        }
        deployed.store.write_json("monitor/latest.json", {**summary, **changes})

    @pytest.mark.parametrize(
        ("changes", "line"),
        [
            ({}, "  drift      none in 41 columns (12,408 rows)   checked "),
            (
                {"severity": "alert", "drifted": ["temp", "wind"]},
                "  drift      severe in temp, wind of 41 columns (12,408 rows)",
            ),
            (
                {"severity": "warn", "drifted": list("abcdefg")},
                "  drift      some in a, b, c, d, e and 2 more of 41 columns",
            ),
            ({"severity": "too_few_rows", "rows": 7}, "  drift      too few rows to tell in 41"),
            ({"severity": "nothing_to_judge", "columns": 0}, "  drift      nothing to judge   "),
        ],
    )
    def test_a_check_is_told_in_a_few_words(
        self, deployed: Deployed, trimaran: Trimaran, changes: dict[str, object], line: str
    ) -> None:
        self.check(deployed, **changes)
        assert line in trimaran("status").out

    def test_a_damaged_summary_is_told_and_not_taken_for_no_drift(
        self, deployed: Deployed, trimaran: Trimaran
    ) -> None:
        deployed.store.write_json("monitor/latest.json", {"severity": "ok"})
        answer = trimaran("status")
        assert answer.code == 1
        assert "'monitor/latest.json' in" in answer.err
        assert "cannot be read" in answer.err

    def test_its_report_is_found(self, deployed: Deployed, trimaran: Trimaran) -> None:
        answer = trimaran("report", "drift")
        assert answer.code == 3
        assert "no drift report\n  Next: check it now with `trimaran monitor`" in answer.err
        deployed.store.write("monitor/latest.html", b"<html>")
        path = deployed.folder / "monitor" / "latest.html"
        assert trimaran("report", "drift").out == f"{path}\n"


def test_the_report_of_a_release_is_its_card_and_runs_nothing_from_data(
    deployed: Deployed, trimaran: Trimaran
) -> None:
    release = deployed.release(0.8)
    path = Path(trimaran("report", release[:6], "--json").document["path"])
    page = path.read_text()
    assert "<h1>flights</h1>" in page
    assert "<table>" in page
    assert "&lt;i&gt;" in page
    assert "<i>" not in page
    nothing = trimaran("report")
    assert nothing.code == 3
    assert "no release is in production yet" in nothing.err
    deployed.approve(release)
    assert trimaran("report").out == f"{path}\n"


def test_the_next_run_is_read_from_the_supervisor(deployed: Deployed, trimaran: Trimaran) -> None:
    at = datetime.now(UTC) + timedelta(hours=9, seconds=30)
    deployed.layout.supervisor.mkdir(parents=True)
    state = {"pid": 1, "next_runs": {"flights-local-pipeline": at.isoformat()}}
    (deployed.layout.supervisor / "state.json").write_text(json.dumps(state))
    assert "next in 9 h" in trimaran("status").out


class TestChoice:
    def test_several_deployments_want_a_choice(
        self, deployed: Deployed, trimaran: Trimaran
    ) -> None:
        Deployed(deployed.layout.project, "flights-prod")
        answer = trimaran("status")
        assert answer.code == 2
        assert answer.err == (
            "error: 2 deployments are up: flights (local), flights (prod)\n"
            "  Next: say which one with --stack and --name\n"
        )
        assert trimaran("status", "--stack", "prod").out.startswith("flights · prod · down")

    def test_models_of_one_stack_are_chosen_by_name(
        self, deployed: Deployed, trimaran: Trimaran
    ) -> None:
        Deployed(deployed.layout.project, "late-flights-local")
        assert trimaran("status", "-s", "local").code == 2
        assert trimaran("status", "-n", "late-flights").out.startswith("late-flights · local")

    def test_a_stack_that_is_not_up_is_told(self, deployed: Deployed, trimaran: Trimaran) -> None:
        answer = trimaran("status", "-s", "lokal")
        assert answer.code == 3
        assert "no deployment of stack lokal on this machine; did you mean local?" in answer.err
        assert "Allowed: flights (local)" in answer.err

    def test_names_with_hyphens_are_cut_where_a_stack_begins(
        self, deployed: Deployed, trimaran: Trimaran
    ) -> None:
        (deployed.layout.project / "Pulumi.eu-prod.yaml").write_text("config: {}")
        Deployed(deployed.layout.project, "flights-eu-prod")
        assert trimaran("status", "-s", "eu-prod").out.startswith("flights · eu-prod")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path, trimaran: Trimaran) -> None:
    answer = trimaran("-C", str(tmp_path / "no"), "status")
    assert answer.code == 2
    assert "No such file or directory" in answer.err


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.44, "0.4 s"),
        (21, "21 s"),
        (100, "100 s"),
        (150, "2 min"),
        (7100, "118 min"),
        (9 * 3600, "9 h"),
        (47 * 3600, "47 h"),
        (72 * 3600, "3 d"),
    ],
)
def test_times_are_told_as_people_say_them(seconds: float, text: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert span(seconds) == text
    if seconds >= 1:
        assert ago(now - timedelta(seconds=seconds), now) == f"{text} ago"
        assert until(now + timedelta(seconds=seconds), now) == f"in {text}"
