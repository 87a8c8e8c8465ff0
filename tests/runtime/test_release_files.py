"""What is in a release beside the model: explanation, card, page, bill, environment."""

import json
import re
import sys
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.runtime.toy_run import STEPS, ToyRun, command, toy_config
from trimaran_runtime.config import RunConfig
from trimaran_runtime.evaluation.config import Aim
from trimaran_runtime.evaluation.evaluation import Evaluation, Threshold, ThresholdRates, WorstPart
from trimaran_runtime.evaluation.fairness_result import FairnessColumn, RateGap
from trimaran_runtime.explain.explanation import Explanation
from trimaran_runtime.gate.config import Rate
from trimaran_runtime.lowering.record import Lowering
from trimaran_runtime.registry.card import model_card
from trimaran_runtime.registry.card_page import Card, card_page
from trimaran_runtime.registry.environment import Environment, Installed, current_environment
from trimaran_runtime.registry.release import Lineage, Release, read_release
from trimaran_runtime.registry.sbom import bill_of_materials
from trimaran_runtime.steps.forked import StepNursery
from trimaran_runtime.training.record import TrainingRecord
from trimaran_runtime.validation.finding import Findings


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[ToyRun, Release]:
    toy = ToyRun(tmp_path_factory.mktemp("toy"))
    assert toy.run() == 0
    return toy, read_release(toy.store, toy.output("release/release.json")["release"])


def content(made: tuple[ToyRun, Release], role: str) -> bytes:
    toy, release = made
    return toy.store.read_blob(release.files[role].digest)


def test_every_role_is_there(made: tuple[ToyRun, Release]) -> None:
    assert set(made[1].files) == {
        "config",
        "environment",
        "evaluation",
        "explanation",
        "findings",
        "gate",
        "lowering",
        "model_card",
        "model_card_page",
        "prediction_profile",
        "reference_history",
        "reference_profile",
        "reference_seasons",
        "sbom",
        "split",
        "training",
    }


def test_the_configuration_is_the_one_of_the_lineage(made: tuple[ToyRun, Release]) -> None:
    assert made[1].files["config"].digest == made[1].lineage.config
    assert RunConfig.parse(content(made, "config")).model == "toy"
    assert made[1].lineage.source == "toy:load"
    assert "scikit-learn" in made[1].lineage.versions


def test_the_page_stands_alone_and_is_small(made: tuple[ToyRun, Release]) -> None:
    page = content(made, "model_card_page").decode()
    assert len(page) < 2 << 20
    assert not re.findall(r"(?:src|href)\s*=|@import|url\(|https?://|<script", page)
    assert '<meta name="viewport" content="width=device-width' in page
    for title in (
        "Reliability",
        "Scores",
        "roc_auc by segment",
        "Importance of the columns",
        "roc_auc lost without a column",
    ):
        assert f"<h3>{title}</h3>" in page
    assert page.count("<svg") == 5


def test_card_and_page_tell_calibration_threshold_worst_parts_and_differences(
    made: tuple[ToyRun, Release],
) -> None:
    evaluation = Evaluation.parse(content(made, "evaluation"))
    measured = evaluation.model_copy(
        update={
            "threshold": Threshold(
                aim=Aim.f1,
                value=0.25,
                validation_rows=77,
                test=ThresholdRates(
                    selection_rate=0.5,
                    accuracy=0.75,
                    precision=None,
                    recall=1.0,
                    false_positive_rate=0.125,
                ),
            ),
            "worst": (
                WorstPart(
                    where={"shop": "<b>", "day": "7"},
                    rows=30,
                    error=0.9,
                    overall=0.5,
                    excess=0.4,
                    chance=0.01,
                ),
            ),
            "fairness": (
                FairnessColumn(
                    column="shop",
                    levels=(),
                    gaps=(
                        RateGap(
                            rate=Rate.selection_rate,
                            highest="north",
                            lowest="south",
                            difference=0.375,
                            low=0.25,
                            high=0.5,
                            ratio=None,
                            chance=0.01,
                        ),
                    ),
                ),
            ),
        }
    )
    training = TrainingRecord.parse(content(made, "training"))
    card = Card(
        model_name="toy",
        estimator=training.estimator,
        signature=training.signature,
        verdict=made[1].verdict,
        evaluation=measured,
        findings=Findings.parse(content(made, "findings")),
        lineage=made[1].lineage,
        lowering=Lowering.parse(content(made, "lowering")),
    )
    text, page = model_card(card), card_page(card).decode()
    for told in (text, page):
        for words in ("Calibration", "Threshold", "Where it errs most", "Differences by shop"):
            assert words in told
        assert "0.2500 or more is positive" in told
        assert "on 77 validation rows" in told
        assert "0.3750" in told
    assert "| precision | undefined |" in text
    assert "shop=&lt;b&gt;, day=7" in page


def test_what_checks_say_of_the_data_is_shown_and_never_run(made: tuple[ToyRun, Release]) -> None:
    verdict = made[1].verdict
    first = verdict.checks[0].model_copy(update={"detail": "<script>alert(1)</script>"})
    training = TrainingRecord.parse(content(made, "training"))
    column, *others = training.signature.features
    named = (column.model_copy(update={"name": "a|b\nc"}), *others)
    card = Card(
        model_name="toy",
        estimator=training.estimator,
        signature=training.signature.model_copy(update={"features": named}),
        verdict=verdict.model_copy(update={"checks": (first, *verdict.checks[1:])}),
        evaluation=Evaluation.parse(content(made, "evaluation")),
        findings=Findings.parse(content(made, "findings")),
        lineage=made[1].lineage,
        lowering=Lowering.parse(content(made, "lowering")),
    )
    page = card_page(card).decode()
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page
    # A bar or a line break would end the cell of a table.
    assert "| a\\|b c |" in model_card(card)


def test_no_explanation_is_made_where_none_is_asked_for(tmp_path: Path) -> None:
    toy = ToyRun(tmp_path)
    assert toy.run(explain={"enabled": False}) == 0
    release = read_release(toy.store, toy.output("release/release.json")["release"])
    assert "explanation" not in release.files
    assert "Importance" not in toy.store.read_blob(release.files["model_card"].digest).decode()


def test_the_explanation_says_how_it_was_found(made: tuple[ToyRun, Release]) -> None:
    found = Explanation.parse(content(made, "explanation"))
    assert found.method == "sampled"  # the toy's model multiplies columns
    assert found.importances[0].feature == "a"
    assert all(each.sampling_error is not None for each in found.importances)


def test_the_bill_of_materials_is_valid_and_names_model_and_libraries(
    made: tuple[ToyRun, Release],
) -> None:
    text = content(made, "sbom").decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    model = bill["metadata"]["component"]
    assert model["type"] == "machine-learning-model"
    assert model["hashes"] == [
        {"alg": "SHA-256", "content": made[1].model.file.digest.removeprefix("sha256:")}
    ]
    assert "timestamp" not in bill["metadata"]
    versions = {each["name"]: each["version"] for each in bill["components"]}
    assert versions == current_environment().versions()


def test_a_library_in_the_bill_has_its_address_and_the_hashes_that_are_known() -> None:
    digest = f"sha256:{'a' * 64}"
    environment = Environment(
        python="3.11.9",
        distributions=(
            Installed(name="numpy", version="2.0"),
            Installed(name="torch", version="2.1+cpu", hashes=(digest,)),
        ),
    )
    lineage = Lineage(
        config="c", code="c", data="d", environment="e", rows={}, parameters={}, seed=0
    )

    def bill() -> bytes:
        return bill_of_materials(
            "toy", model_digest=digest, estimator="E", lineage=lineage, environment=environment
        )

    assert bill() == bill()
    document = json.loads(bill())
    assert document["metadata"]["component"]["version"] == "a" * 64
    numpy, torch = document["components"]
    assert "externalReferences" not in numpy
    assert torch["purl"] == "pkg:pypi/torch@2.1%2Bcpu"
    (reference,) = torch["externalReferences"]
    assert reference["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]


def test_a_distribution_is_the_first_on_the_path_by_the_name_that_indexes_compare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, version in (("near", "1"), ("far", "2")):
        info = tmp_path / folder / f"my_lib-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Name: My_.Lib\nVersion: {version}\n\nVersion: 9\n")
    monkeypatch.setattr("sys.path", [str(tmp_path / "near"), str(tmp_path / "far"), *sys.path])
    assert current_environment({}).versions()["my-lib"] == "1"


def test_hashes_are_those_of_the_lock_for_the_locked_version_alone(tmp_path: Path) -> None:
    lock, digest = tmp_path / "requirements.lock", f"sha256:{'a' * 64}"
    numpy = current_environment({}).versions()["numpy"]
    lock.write_text(f"numpy=={numpy} \\\n    --hash={digest}\npandas==0.1 --hash={digest}\n")
    found = current_environment({"TRIMARAN_LOCK": str(lock)})
    assert {each.name for each in found.distributions if each.hashes} == {"numpy"}
    assert f"numpy=={numpy} \\\n    --hash={digest}\n" in found.requirements()


def test_what_was_installed_from_a_folder_is_asked_of_no_index() -> None:
    local = Installed(name="mine", version="1", is_local=True)
    other = Installed(name="numpy", version="2.0")
    environment = Environment(python="3.11.9", distributions=(local, other))
    assert environment.requirements() == "numpy==2.0\n"


def test_another_model_file_is_another_bill(made: tuple[ToyRun, Release]) -> None:
    lineage, environment = made[1].lineage, current_environment({})
    one, other = (
        bill_of_materials(
            "toy",
            model_digest=f"sha256:{digit * 64}",
            estimator="E",
            lineage=lineage,
            environment=environment,
        )
        for digit in "12"
    )
    assert json.loads(one)["serialNumber"] != json.loads(other)["serialNumber"]


def test_two_runs_in_fresh_processes_make_one_release(
    made: tuple[ToyRun, Release], tmp_path: Path
) -> None:
    """The first run was made in this process; of the second every step has one of its own."""
    toy = ToyRun(tmp_path)
    toy.configure(toy_config())
    nursery = StepNursery(toy.code)
    try:
        for name in STEPS:
            arguments = command(
                name,
                work=toy.work,
                code=toy.code,
                config=tmp_path / "config.json",
                store=tmp_path / "store",
            )
            assert nursery.start(arguments, 1, 2).wait() == 0
    finally:
        nursery.end()
    assert toy.output("release/release.json")["release"] == made[1].id
