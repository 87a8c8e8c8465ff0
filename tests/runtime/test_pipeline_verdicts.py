"""The seven steps on the toy project: which models reach production, and which never do."""

from pathlib import Path

import pytest

from tests.runtime.toy_run import ToyRun, toy_config
from trimaran_runtime.errors import Exit
from trimaran_runtime.registry.approval import approve, rollback
from trimaran_runtime.registry.channels import Channel, current, history
from trimaran_runtime.registry.model import load_model
from trimaran_runtime.registry.release import list_releases, read_release
from trimaran_runtime.storage.store import Store


def quality(name: str) -> dict[str, object]:
    return {"training__parameters": {"quality": name}}


def in_production(store: Store) -> str | None:
    pointer = current(store, Channel.production)
    return pointer.release if pointer else None


def test_first_good_model_goes_into_production(toy: ToyRun) -> None:
    assert toy.run() == Exit.OK
    record = toy.output("release/release.json")
    assert record["accepted"] is True
    assert record["release"] == record["production"] == in_production(toy.store)
    release = read_release(toy.store, record["release"])
    assert release.verdict.metric == "roc_auc"
    assert release.metrics["roc_auc"] == release.verdict.value
    assert release.lineage.rows == {"train": 3600, "validation": 1200, "test": 1200}
    assert set(release.files) >= {
        "evaluation",
        "findings",
        "model_card",
        "prediction_profile",
        "reference_profile",
        "split",
        "training",
    }
    assert load_model(toy.store, release).predict_proba is not None


def test_a_better_model_replaces_it(toy: ToyRun) -> None:
    toy.run()
    before = in_production(toy.store)
    assert toy.run(**quality("better")) == Exit.OK
    assert in_production(toy.store) not in {before, None}
    assert "gain" in toy.checks()["champion"]["detail"]


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("bad", "champion"),
        ("nan", "finite predictions"),
        ("constant", "varying predictions"),
        ("ruin_segment", "segment shop=west"),
    ],
)
def test_no_bad_model_reaches_production(toy: ToyRun, name: str, check: str) -> None:
    toy.run()
    before = in_production(toy.store)
    assert toy.run(**quality(name)) == Exit.REFUSED
    assert in_production(toy.store) == before
    assert toy.checks()[check]["passed"] is False
    assert check in toy.error("register")["message"]


def test_a_ruined_segment_alone_refuses_a_model_that_gains_overall(toy: ToyRun) -> None:
    toy.run()
    toy.run(**quality("ruin_segment"))
    refused = [name for name, check in toy.checks().items() if not check["passed"]]
    assert refused == ["segment shop=west"]


def test_a_refused_release_is_recorded_and_says_why(toy: ToyRun) -> None:
    toy.run()
    production = in_production(toy.store)
    assert production is not None
    toy.run(**quality("bad"))
    record = toy.output("release/release.json")
    assert record == {
        "release": record["release"],
        "accepted": False,
        "production": production,
    }
    assert read_release(toy.store, record["release"]).verdict.accepted is False
    message = toy.error("register")["message"].splitlines()
    short = record["release"][:12]
    assert message[0] == (f"gate refused release {short} (production is still {production[:12]})")
    assert message[1].startswith("  ✗ floor   roc_auc 0.5")
    assert message[-1] == f"  See: trimaran report {short}"
    candidate = current(toy.store, Channel.candidate)
    assert candidate is not None
    assert candidate.release == production


def test_a_bad_first_model_leaves_production_empty(toy: ToyRun) -> None:
    assert toy.run(**quality("bad")) == Exit.REFUSED
    assert in_production(toy.store) is None
    assert "nothing is in production" in toy.error("register")["message"]


def test_the_same_run_again_changes_nothing(toy: ToyRun) -> None:
    toy.run()
    before = list_releases(toy.store), len(history(toy.store, Channel.production))
    assert toy.run() == Exit.OK
    assert toy.checks()["champion"]["detail"].startswith("same model as production")
    assert (list_releases(toy.store), len(history(toy.store, Channel.production))) == before


def test_a_model_that_only_ties_with_production_is_refused(toy: ToyRun) -> None:
    toy.run()
    first = in_production(toy.store)
    # Another file, for the parameter is in it, but the same predictions.
    assert toy.run(training__parameters={"quality": "good", "max_iter": 301}) == Exit.REFUSED
    assert "a tie on the same rows" in toy.checks()["champion"]["detail"]
    assert in_production(toy.store) == first


def test_the_same_model_from_another_configuration_is_a_release_of_its_own(toy: ToyRun) -> None:
    toy.run()
    first = in_production(toy.store)
    assert toy.run(training__parameters={"quality": "good", "unused": 1}) == Exit.OK
    assert toy.checks()["champion"]["detail"].startswith("same model as production")
    assert in_production(toy.store) not in {first, None}


def test_manual_approval_holds_a_release_back(toy: ToyRun) -> None:
    assert toy.run(registry__approval="manual") == Exit.OK
    record = toy.output("release/release.json")
    assert record["accepted"] is True
    assert record["production"] is None
    assert in_production(toy.store) is None
    approve(toy.store, record["release"], why="looked at it")
    assert in_production(toy.store) == record["release"]


def test_a_rollback_is_not_undone_by_the_next_run(
    toy: ToyRun, capsys: pytest.CaptureFixture[str]
) -> None:
    toy.run()
    first = in_production(toy.store)
    toy.run(**quality("better"))
    rollback(toy.store, why="customers complained")
    assert toy.run(**quality("better")) == Exit.OK
    assert in_production(toy.store) == first
    assert "was taken out of production before" in capsys.readouterr().out


def test_a_verdict_against_another_champion_promotes_nothing(toy: ToyRun) -> None:
    toy.configure(toy_config(**quality("better")))
    assert toy.steps(last="gate") == Exit.OK
    other = ToyRun(toy.folder)
    other.work = toy.folder / "other"
    other.work.mkdir()
    assert other.run() == Exit.OK
    moved = in_production(toy.store)
    toy.configure(toy_config(**quality("better")))
    assert toy.step("register") == Exit.BAD_INPUT
    assert "while release" in toy.error("register")["message"]
    assert in_production(toy.store) == moved


def test_a_champion_that_lacks_a_column_refuses_and_says_what_to_do(toy: ToyRun) -> None:
    toy.run(**quality("better"))
    assert toy.run(data__source="toy:load_without_b", **quality("good")) == Exit.REFUSED
    detail = toy.checks()["champion"]["detail"]
    assert "needs column b" in detail
    assert "data.exclude" in detail
    # Carried along, the column lets production be asked.
    assert toy.run(data__exclude=["b"], **quality("good")) == Exit.REFUSED
    assert "wanted more than 0" in toy.checks()["champion"]["detail"]


def test_an_altered_model_in_production_is_no_rival_and_the_verdict_says_so(toy: ToyRun) -> None:
    toy.run(**quality("better"))
    production = in_production(toy.store)
    assert production is not None
    digest = read_release(toy.store, production).model.file.digest.removeprefix("sha256:")
    blob = Path(toy.folder / "store" / "blobs" / "sha256" / digest[:2] / digest)
    content = bytearray(blob.read_bytes())
    content[100] ^= 255
    blob.write_bytes(content)
    assert toy.run() == Exit.OK
    check = toy.checks()["champion"]
    assert check["judged"] is False
    assert "it was altered" in check["detail"]
    assert in_production(toy.store) not in {production, None}
