"""Every wrong spec is told where it is wrong, what was given, and what is allowed."""

from pathlib import Path

import pytest

from trimaran.spec.load import load, load_stack
from trimaran_providers.contract.errors import ProjectError, SpecError

HEAD = "name: flights\ndata: {source: 'flights:load', target: late}\n"
GOOD = HEAD + "pipeline: {train: 'flights:fit'}\n"


def refused(tmp_path: Path, text: str | bytes) -> str:
    file = tmp_path / "flights.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SpecError) as caught:
        load(file)
    return str(caught.value)


WRONG_VALUES = {
    "unknown key": (
        "gaet: {floor: 1}",
        "flights.yaml:4: gaet: unknown key; did you mean gate?\n  Allowed: name, cloud, data, val",
    ),
    "unknown key in a section": (
        "endpoint: {replica: {min: 1}}",
        "flights.yaml:4: endpoint.replica: unknown key; did you mean replicas?\n"
        "  Allowed: kind, compute, replicas, rollout,",
    ),
    "unknown key that is like no other": (
        "endpoint: {qqq: 1}",
        "flights.yaml:4: endpoint.qqq: unknown key\n  Allowed: kind,",
    ),
    "text for a number": (
        'endpoint: {replicas: {min: "2"}}',
        'flights.yaml:4: endpoint.replicas.min: the text "2" has the wrong type\n'
        "  Allowed: a whole number from 0 to 1000",
    ),
    "fraction for a whole number": (
        "endpoint: {replicas: {max: 2.5}}",
        "endpoint.replicas.max: 2.5 has the wrong type\n  Allowed: a whole number from 1 to 1000",
    ),
    "value for a list": (
        "alerts: {channels: email}",
        'alerts.channels: the text "email" has the wrong type\n  Allowed: a list, each item',
    ),
    "value for a section": (
        "registry: manual",
        'flights.yaml:4: registry: the text "manual" has the wrong type\n'
        "  Allowed: a section with approval, keep_releases",
    ),
    "null where something is needed": (
        "image: null",
        "image: nothing (null) has the wrong type\n  Allowed: a section with uri, lock",
    ),
    "too small": (
        "endpoint: {port: 80}",
        "endpoint.port: 80 is too small\n  Allowed: a whole number from 1024 to 65535 or null",
    ),
    "too large": (
        "gate: {champion: {alpha: 0.5}}",
        "gate.champion.alpha: 0.5 is too large\n  Allowed: a number, above 0 and below 0.5",
    ),
    "open range": (
        "store: {retention_days: 0}",
        "store.retention_days: 0 is too small\n  Allowed: a whole number, 1 or more or null",
    ),
    "not finite": (
        "gate: {floor: .nan}",
        "gate.floor: nan is not a finite number",
    ),
    "closed set": (
        "gate: {metric: roc-auc}",
        'gate.metric: the text "roc-auc" is not one of the choices; did you mean roc_auc?\n'
        "  Allowed: roc_auc, average_precision, accuracy, f1, precision, recall, log_loss, brier, "
        "rmse, mae or r2",
    ),
    "union": (
        "tags: {team: [a]}",
        "flights.yaml:4: tags.team: a list has the wrong type\n  Allowed: text",
    ),
    "position in a list": (
        "alerts: {channels: [{kind: email, to: a@b.c}, {kind: email, to: 3}]}",
        "alerts.channels[1].to: 3 has the wrong type\n  Allowed: text or null",
    ),
    "a section's own rule": (
        "endpoint: {replicas: {min: 3, max: 2}}",
        "flights.yaml:4: endpoint.replicas: min (3) must not exceed max (2)",
    ),
    "rule over sections": (
        "alerts: {channels: [{kind: webhook, secret: hook}]}",
        "alerts.channels: secret 'hook' is not in secrets (none given)",
    ),
    "key given twice": (
        "gate:\n  floor: 0.7\n  floor: 0.8",
        "flights.yaml:6: gate.floor: is given twice, first on line 5",
    ),
    "key that is no text": (
        "tags: {1: a}",
        'flights.yaml:4: tags: key 1 is not text\n  Allowed: text; put "…" around it',
    ),
    "python object": (
        "tags: !!python/object:os.system {a: b}",
        "flights.yaml:4: tags: tag !!python/object:os.system is not read",
    ),
    "tag that contradicts its value": (
        "tags: !!map [a]",
        "flights.yaml:4: tags: tag !!map is not read",
    ),
    "no boolean": ("pipeline2: !!bool x", "flights.yaml:4: pipeline2: x cannot be read as bool"),
    "merge key": (
        "gate: &g {floor: 1}\nstore: {<<: *g}",
        "flights.yaml:5: store: merge keys (<<) are not read; write the section out",
    ),
    "alias into itself": (
        "tags: &t {a: *t}",
        "flights.yaml:4: tags.a: an alias contains itself",
    ),
}


@pytest.mark.parametrize("case", WRONG_VALUES)
def test_a_wrong_value_is_told_with_place_and_alternative(tmp_path: Path, case: str) -> None:
    given, message = WRONG_VALUES[case]
    assert message in refused(tmp_path, f"{GOOD}{given}\n")


WRONG_FILES: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "flights.yaml: is empty\n  Allowed: a mapping with at least name, data and"),
    "only a comment": ("# soon\n", "flights.yaml: is empty"),
    "a list": ("- a\n", "flights.yaml:1: the top level must be a mapping, given a list"),
    "a text": ("flights\n", "flights.yaml:1: the top level must be a mapping, given a value"),
    "a tab": (
        "name: flights\ndata:\n\tsource: a:b\n",
        "flights.yaml:3: column 1: a tab stands where YAML needs spaces\n  Allowed: spaces",
    ),
    "an open bracket": (
        "name: flights\ndata: {source: a\nx: y\n",
        "flights.yaml:3: is not YAML: column 2: expected ',' or '}', but got ':'",
    ),
    "two documents": ("name: a\n---\nname: b\n", "flights.yaml:2: is not YAML: column 1:"),
    "unknown alias": ("name: *x\n", "flights.yaml:1: is not YAML: column 7: found undefined alias"),
    "control character": ("name: \x00\n", "flights.yaml: is not YAML: unacceptable character"),
    "not UTF-8": (b"name: a\nx: \xff\n", "flights.yaml:2: byte 0xff is not UTF-8"),
    "nested too deeply": ("[" * 5000, "flights.yaml: sections are nested too deeply to be read"),
    "aliases of aliases": (
        "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9)),
        "holds more than 100000 values (aliases included)",
    ),
    "half a surrogate": ('name: "\\ud800"\n', "flights.yaml:1: name: '\\ud800' is not valid"),
    "a number of 5000 digits": (f"name: {'9' * 5000}\n", "cannot be read as int"),
    "nothing required": (
        "gate: {floor: 0.7}\n",
        "flights.yaml:1: name: is required and not given\n  Allowed: Name of the model: a lower-",
    ),
    "a required section": (
        HEAD,
        "flights.yaml:1: pipeline: is required and not given\n  Allowed: a section with train,",
    ),
    "a required key": (
        "name: a\ndata: {source: x.csv}\npipeline: {train: a:b}\n",
        "flights.yaml:2: data.target: is required and not given\n  Allowed: Column to predict",
    ),
    "wrong name": (
        GOOD.replace("name: flights", "name: Flights"),
        'flights.yaml:1: name: the text "Flights" does not have the right form\n  Allowed: Name',
    ),
    "two ways to train": (
        HEAD + "pipeline: {}\n",
        "flights.yaml:1: pipeline takes exactly one of train and learner",
    ),
}


@pytest.mark.parametrize("case", WRONG_FILES)
def test_a_wrong_file_is_told_by_line(tmp_path: Path, case: str) -> None:
    given, message = WRONG_FILES[case]
    assert message in refused(tmp_path, given)


def test_every_problem_is_told_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    text = refused(tmp_path, "name: F\ngaet: 1\npipeline: {train: 1}\nendpoint: {port: 1}\n")
    lines = [line for line in text.splitlines() if line.startswith("flights.yaml")]
    assert [line.split(": ")[1] for line in lines] == [
        "name",
        "data",
        "gaet",
        "pipeline.train",
        "endpoint.port",
    ]


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        load(tmp_path / "flights.yaml")
    assert str(caught.value) == (
        f"flights.yaml: there is no file {tmp_path}/flights.yaml\n"
        "  Allowed: the path of a spec; `trimaran new NAME` makes one"
    )


def test_a_folder_is_no_spec(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be read"):
        load(tmp_path)


class TestStack:
    """What `Pulumi.<stack>.yaml` may hold."""

    def refused(self, tmp_path: Path, config: str, error: type[Exception] = SpecError) -> str:
        (tmp_path / "flights.yaml").write_text(GOOD)
        (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
        (tmp_path / "Pulumi.prod.yaml").write_text(config)
        with pytest.raises(error) as caught:
            load_stack(tmp_path / "flights.yaml", "prod")
        return str(caught.value)

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            (
                "endpoint.replica.max: 4",
                "Pulumi.prod.yaml:3: endpoint.replica: unknown key; did you mean replicas?",
            ),
            (
                "endpoint.replicas.max: many",
                'Pulumi.prod.yaml:3: endpoint.replicas.max: the text "many" has the wrong type\n'
                "  Allowed: a whole number from 1 to 1000",
            ),
            (
                "registry: {approval: auto}",
                'Pulumi.prod.yaml:3: registry.approval: the text "auto" is not one of the choices',
            ),
            ("registry..approval: manual", "Pulumi.prod.yaml:3: registry..approval: is not a path"),
            (
                "name.first: a",
                "Pulumi.prod.yaml:3: name.first: leads through name, which is the value 'flights'\n"
                "  Allowed: name itself",
            ),
            (
                "gate.floor: 0.7\n    gate: {floor: 0.8}",
                "Pulumi.prod.yaml:4: gate.floor: is overridden twice, also by gate.floor "
                "(Pulumi.prod.yaml:3)",
            ),
            (
                "endpoint.capture: null\n    endpoint.capture.fraction: 0.5",
                "Pulumi.prod.yaml:4: endpoint.capture.fraction: is overridden twice",
            ),
        ],
    )
    def test_an_override_is_told_by_its_own_line(
        self, tmp_path: Path, given: str, message: str
    ) -> None:
        assert message in self.refused(tmp_path, f"config:\n  trimaran:set:\n    {given}\n")

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            (
                "trimaran:clod: local",
                "Pulumi.prod.yaml:2: trimaran:clod: unknown key; did you mean trimaran:cloud?\n"
                "  Allowed: trimaran:cloud, trimaran:set",
            ),
            ("trimaran:cloud: 3", "Pulumi.prod.yaml:2: trimaran:cloud: 3 has the wrong type"),
            ("trimaran:set: [1]", "Pulumi.prod.yaml:2: trimaran:set: a list has the wrong type"),
            (
                "trimaran:set: {secure: AAABAN}",
                "Pulumi.prod.yaml:2: trimaran:set: is encrypted, and decides what is built",
            ),
        ],
    )
    def test_our_configuration_has_two_keys(self, tmp_path: Path, given: str, message: str) -> None:
        assert message in self.refused(tmp_path, f"config:\n  {given}\n")

    def test_a_stack_without_a_file_lists_those_that_have_one(self, tmp_path: Path) -> None:
        self.refused(tmp_path, "config: 1\n")
        with pytest.raises(ProjectError) as caught:
            load_stack(tmp_path / "flights.yaml", "prd")
        message = str(caught.value)
        assert f"there is no Pulumi.prd.yaml in {tmp_path}; did you mean prod?" in message
        assert "Allowed: prod" in message

    def test_without_a_project_there_are_no_stacks(self, tmp_path: Path) -> None:
        (tmp_path / "flights.yaml").write_text(GOOD)
        with pytest.raises(ProjectError, match=r"no Pulumi\.yaml in .* or above it"):
            load_stack(tmp_path / "flights.yaml", "prod")

    def test_a_spec_that_is_wrong_by_itself_is_not_healed_by_a_stack(self, tmp_path: Path) -> None:
        (tmp_path / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
        (tmp_path / "flights.yaml").write_text(GOOD + "gate: {metric: auc}\n")
        (tmp_path / "Pulumi.prod.yaml").write_text("config: {'trimaran:set': {gate.metric: f1}}")
        with pytest.raises(SpecError, match=r"flights\.yaml:4: gate\.metric"):
            load_stack(tmp_path / "flights.yaml", "prod")
