"""`new`, `validate`, `schema`, `parity`."""

import ast
import json
import runpy
from pathlib import Path

import jsonschema
import pytest

from tests.cli.deployed import Trimaran
from trimaran.spec.json_schema import FILE, json_schema, json_schema_text
from trimaran.spec.yaml_reader import read_yaml
from trimaran_providers.contract.spec import StackSpec

STACKS = Path(__file__).parents[2] / "stacks"


class TestNew:
    def test_a_new_project_is_valid_for_each_of_its_stacks(
        self, project: Path, trimaran: Trimaran
    ) -> None:
        for stack in ("local", "dev", "staging", "prod"):
            answer = trimaran("validate", "--stack", stack)
            assert (answer.code, answer.err) == (0, ""), stack
            assert f"valid: flights.yaml with Pulumi.{stack}.yaml on local" in answer.out

    def test_its_programs_are_python_and_its_schema_is_ours(self, project: Path) -> None:
        for program in ("__main__.py", "flights.py"):
            ast.parse((project / program).read_text())
        assert (project / FILE).read_text() == json_schema_text()
        assert (project / "Pulumi.yaml").read_text().startswith("name: flights\n")
        assert ".trimaran/" in (project / ".gitignore").read_text().splitlines()

    def test_its_data_have_the_target_and_its_model_fits(self, project: Path) -> None:
        program = runpy.run_path(str(project / "flights.py"))
        rows, target = program["load"](), program["TARGET"]
        model = program["fit"](rows[:300], rows[300:], {"alpha": 1.0})
        assert len(model.predict(rows[300:].drop(columns=target))) == len(rows) - 300

    def test_nothing_is_overwritten(self, project: Path, trimaran: Trimaran) -> None:
        (project / "flights.py").write_text("mine")
        answer = trimaran("new", "flights", "--directory", str(project))
        assert answer.code == 3
        assert "flights.py" in answer.err
        assert "nothing is overwritten" in answer.err
        assert (project / "flights.py").read_text() == "mine"

    def test_a_file_in_the_way_leaves_the_folder_as_it_was(
        self, tmp_path: Path, trimaran: Trimaran
    ) -> None:
        (tmp_path / "flights.yaml").write_text("mine")
        trimaran("new", "flights", "--directory", str(tmp_path))
        assert [path.name for path in tmp_path.iterdir()] == ["flights.yaml"]

    @pytest.mark.parametrize("name", ["Flights", "2fast", "a_b", "x" * 21, "../up"])
    def test_a_wrong_name_is_refused(self, tmp_path: Path, trimaran: Trimaran, name: str) -> None:
        answer = trimaran("-C", str(tmp_path), "new", name)
        assert answer.code == 2
        assert f'NAME: "{name}" is no name of a model\n  Allowed: a lower-case letter' in answer.err
        assert not list(tmp_path.iterdir())

    def test_a_module_never_hides_another(self, tmp_path: Path, trimaran: Trimaran) -> None:
        for name, module in (("json", "json_model"), ("class", "class_model"), ("a-b", "a_b")):
            folder = tmp_path / name
            assert trimaran("new", name, "-d", str(folder)).code == 0
            assert (folder / f"{module}.py").exists()
            assert f"source: {module}:load" in (folder / f"{name}.yaml").read_text()


class TestValidate:
    def test_every_value_is_shown_with_its_origin(self, project: Path, trimaran: Trimaran) -> None:
        out = trimaran("validate", "--stack", "prod").out
        rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.strip()}
        assert rows["registry.approval"] == ["manual", "Pulumi.prod.yaml:5"]
        assert rows["gate.metric"][:1] == ["rmse"]
        assert "endpoint.limits.max_rows" not in rows
        assert "endpoint.limits.max_rows" in trimaran("validate", "--all").out

    def test_what_the_cloud_emulates_is_said(self, project: Path, trimaran: Trimaran) -> None:
        document = trimaran("validate", "--stack", "prod", "--json").document
        assert document["valid"] is True
        assert document["cloud"] == "local"
        emulated = {item["path"]: item["how"] for item in document["emulated"]}
        assert "processes of this machine" in emulated["endpoint.replicas.max"]

    def test_what_the_cloud_rejects_is_told_with_line_reason_and_alternative(
        self, project: Path, trimaran: Trimaran
    ) -> None:
        prod = project / "Pulumi.prod.yaml"
        prod.write_text(
            "config:\n  trimaran:cloud: local\n  trimaran:set:\n"
            "    endpoint.kind: async\n    store.existing: here\n"
        )
        answer = trimaran("validate", "--stack", "prod")
        assert answer.code == 1
        assert "Pulumi.prod.yaml:4: endpoint.kind: async is not possible on local" in answer.err
        assert "Pulumi.prod.yaml:5: store.existing: is not possible on local" in answer.err
        assert "  Allowed: endpoint.kind: realtime" in answer.err

    def test_what_the_cloud_cannot_do_together_is_told_with_its_line(
        self, project: Path, trimaran: Trimaran
    ) -> None:
        prod = project / "Pulumi.prod.yaml"
        prod.write_text(
            "config:\n  trimaran:cloud: aws\n  trimaran:set:\n"
            "    endpoint.rollout.strategy: canary\n    tags: {aws:team: ml}\n"
            "    alerts.channels:\n      - {kind: email, to: me}\n"
        )
        answer = trimaran("validate", "--stack", "prod")
        assert answer.code == 1
        assert "Pulumi.prod.yaml:5: tags.aws:team: aws: is reserved" in answer.err
        assert ": endpoint.replicas.min: 1 with strategy canary" in answer.err
        assert "Pulumi.prod.yaml:7: alerts.channels[0].to: 'me' is no e-mail" in answer.err

    def test_problems_are_listed_and_end_with_1(self, project: Path, trimaran: Trimaran) -> None:
        (project / "Pulumi.dev.yaml").write_text("config: {'trimaran:set': {gate.flor: 1}}")
        answer = trimaran("validate", "-s", "dev")
        assert answer.code == 1
        assert "Pulumi.dev.yaml:1: gate.flor: unknown key; did you mean floor?" in answer.err
        document = trimaran("validate", "-s", "dev", "--json").document
        assert document["valid"] is False
        assert document["problems"][0]["path"] == "gate.flor"

    @pytest.mark.parametrize(
        ("cloud", "message"),
        [
            ("azure", "Pulumi.dev.yaml:1: cloud: azure is not part of trimaran 0.1.0"),
            ("locl", 'there is no cloud "locl"; did you mean local?'),
        ],
    )
    def test_a_cloud_that_is_not_there_is_told(
        self, project: Path, trimaran: Trimaran, cloud: str, message: str
    ) -> None:
        (project / "Pulumi.dev.yaml").write_text(f"config: {{'trimaran:cloud': {cloud}}}")
        answer = trimaran("validate", "-s", "dev")
        assert answer.code == 1
        assert message in answer.err

    def test_a_stack_without_a_cloud_is_told(self, project: Path, trimaran: Trimaran) -> None:
        (project / "Pulumi.dev.yaml").write_text("config: {}")
        answer = trimaran("validate", "-s", "dev")
        assert answer.code == 1
        assert "cloud: no cloud is chosen\n  Allowed: `pulumi config set" in answer.err

    def test_two_different_clouds_are_not_guessed_between(
        self, project: Path, trimaran: Trimaran
    ) -> None:
        spec = project / "flights.yaml"
        spec.write_text(spec.read_text() + "cloud: aws\n")
        answer = trimaran("validate", "-s", "dev")
        assert answer.code == 1
        assert "says aws, Pulumi.dev.yaml:3 says local" in answer.err

    def test_an_unknown_stack_is_told(self, project: Path, trimaran: Trimaran) -> None:
        answer = trimaran("validate", "-s", "prd")
        assert answer.code == 3
        assert "did you mean prod?" in answer.err
        assert "Allowed: dev, local, prod, staging" in answer.err

    def test_several_specs_want_a_name(self, project: Path, trimaran: Trimaran) -> None:
        (project / "other.yaml").write_text((project / "flights.yaml").read_text())
        answer = trimaran("validate")
        assert answer.code == 3
        assert "2 specs: flights.yaml, other.yaml" in answer.err
        assert trimaran("validate", "other.yaml").code == 0

    def test_outside_of_a_project_is_told(self, tmp_path: Path, trimaran: Trimaran) -> None:
        answer = trimaran("-C", str(tmp_path), "validate")
        assert answer.code == 3
        assert "no Pulumi.yaml in" in answer.err
        assert "trimaran new NAME" in answer.err


class TestSchema:
    def test_it_is_a_schema_of_the_stated_draft(self) -> None:
        jsonschema.Draft202012Validator.check_schema(json_schema())

    def test_the_published_copy_is_fresh(self) -> None:
        made = "trimaran schema --output stacks/trimaran.schema.json"
        assert (STACKS / FILE).read_text() == json_schema_text(), f"make it anew: {made}"

    def test_the_example_names_it_and_follows_it(self) -> None:
        spec = STACKS / "flights.yaml"
        assert spec.read_text().startswith(f"# yaml-language-server: $schema={FILE}\n")
        jsonschema.Draft202012Validator(json_schema()).validate(read_yaml(spec).value)

    def test_it_is_printed_and_written(
        self, tmp_path: Path, project: Path, trimaran: Trimaran
    ) -> None:
        assert trimaran("schema").document == json_schema()
        assert trimaran("schema", "-o", str(tmp_path / "s.json")).code == 0
        assert json.loads((tmp_path / "s.json").read_text()) == json_schema()
        assert trimaran("schema", "-o", str(tmp_path / "no" / "s.json")).code == 2

    def test_every_field_is_documented(self) -> None:
        definitions = json_schema()["$defs"]
        undocumented = [
            f"{name}.{key}"
            for name, section in definitions.items()
            for key, field in section.get("properties", {}).items()
            if "description" not in field and "$ref" not in field
        ]
        assert not undocumented

    @pytest.mark.parametrize("wrong", [{"gaet": {}}, {"gate": {"metric": "auc"}}, {"name": "A"}])
    def test_it_refuses_what_the_loader_refuses(self, project: Path, wrong: dict[str, str]) -> None:
        spec = {**read_yaml(project / "flights.yaml").value, **wrong}
        assert not jsonschema.Draft202012Validator(json_schema()).is_valid(spec)


class TestParity:
    def test_every_section_of_the_spec_has_a_row(self, trimaran: Trimaran) -> None:
        fields = [row["field"] for row in trimaran("parity", "--json").document["fields"]]
        sections = {field.partition("=")[0].partition(".")[0] for field in fields}
        assert sections == set(StackSpec.model_fields)

    def test_a_reason_stands_below_the_table(self, trimaran: Trimaran) -> None:
        out = trimaran("parity").out
        assert "endpoint.kind=async" in out
        number = out.partition("endpoint.kind=async")[2].partition("[")[2].partition("]")[0]
        assert f"\n[{number}] not part of this version; instead: endpoint.kind: realtime" in out

    def test_a_member_of_a_set_stands_beside_its_field(self, trimaran: Trimaran) -> None:
        fields = [row["field"] for row in trimaran("parity", "--json").document["fields"]]
        at = fields.index("endpoint.shadow")
        assert fields[at + 1] == "endpoint.shadow=none"
