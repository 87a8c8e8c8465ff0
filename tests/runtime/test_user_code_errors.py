"""Errors of the user's own code: its own traceback, and nothing of ours."""

from pathlib import Path

import pytest

from tests.runtime.toy_run import ToyRun, toy_config
from trimaran_runtime.errors import Exit


@pytest.fixture
def project(toy: ToyRun) -> ToyRun:
    """A run whose code folder is empty, to be written by the test."""
    toy.code = toy.folder / "code"
    toy.code.mkdir()
    return toy


def load_with(project: ToyRun, text: str, source: str = "mine:load") -> int:
    (project.code / "mine.py").write_text(text)
    project.configure(toy_config(data__source=source))
    return project.step("data")


def test_a_raise_shows_the_users_frames_alone(toy: ToyRun) -> None:
    assert toy.run(training__parameters={"crash": True}) == Exit.USER_CODE
    error = toy.error("train")
    assert error["kind"] == "UserCodeError"
    assert error["where"] == "toy:fit"
    assert error["message"].splitlines()[0] == "toy:fit: ZeroDivisionError: division by zero"
    frames = [line for line in error["traceback"].splitlines() if line.startswith("  File")]
    assert len(frames) == 2
    assert all("toy.py" in frame for frame in frames)
    assert "trimaran_runtime" not in error["traceback"]


def test_a_raise_inside_a_library_ends_at_the_users_line(project: ToyRun) -> None:
    status = load_with(project, "import json\ndef load():\n    return json.loads('{')\n")
    assert status == Exit.USER_CODE
    told = project.error("data")["traceback"]
    assert "json.loads('{')" in told
    assert "decoder.py" not in told
    assert told.rstrip().splitlines()[-1].startswith("json.decoder.JSONDecodeError")


def test_sys_exit_is_an_error_not_a_success(project: ToyRun) -> None:
    assert load_with(project, "import sys\ndef load():\n    sys.exit(0)\n") == Exit.USER_CODE
    assert "SystemExit: 0" in project.error("data")["message"]


def test_a_syntax_error_names_the_line(project: ToyRun) -> None:
    assert load_with(project, "def load(:\n    pass\n") == Exit.USER_CODE
    message = project.error("data")["message"]
    assert message.startswith("importing mine: SyntaxError")
    assert 'mine.py", line 1' in message


def test_a_missing_library_is_the_users_error(project: ToyRun) -> None:
    assert load_with(project, "import no_such_library\ndef load(): ...\n") == Exit.USER_CODE
    assert "No module named 'no_such_library'" in project.error("data")["message"]


def test_a_missing_module_lists_those_that_are_there(project: ToyRun) -> None:
    status = load_with(project, "def load(): ...\n", source="mime:load")
    assert status == Exit.BAD_INPUT
    message = project.error("data")["message"]
    assert "there is no module 'mime' in the project folder" in message
    assert "did you mean 'mine'?" in message


def test_a_missing_function_lists_those_that_are_there(project: ToyRun) -> None:
    status = load_with(project, "def load(): ...\n", source="mine:laod")
    assert status == Exit.BAD_INPUT
    message = project.error("data")["message"]
    assert "module 'mine' has no function 'laod'" in message
    assert "did you mean 'load'?" in message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return None", "returned NoneType, which has no predict"),
        ("return train['a'].mean()", "which has no predict and no predict_proba and no classes_"),
        (
            "from sklearn.linear_model import LinearRegression as Model\n"
            "    return Model().fit(train[['a']], train['bought'])",
            "has no predict_proba and no classes_",
        ),
        (
            "from sklearn.linear_model import LogisticRegression as Model\n    return Model()",
            "has no classes_",
        ),
        (
            "from sklearn.linear_model import LogisticRegression as Model\n"
            "    return Model().fit(train[['a']], train['bought'].astype(str))",
            "the model's classes are 'False', 'True', the target's False, True",
        ),
        (
            "from sklearn.pipeline import make_pipeline\n"
            "    from sklearn.preprocessing import FunctionTransformer as F\n"
            "    from sklearn.linear_model import LogisticRegression as Model\n"
            "    return make_pipeline(F(columns), Model()).fit(train, train['bought'])",
            "types that are not trusted: bad_fit.columns",
        ),
        (
            "from sklearn.pipeline import make_pipeline\n"
            "    from sklearn.preprocessing import FunctionTransformer as F\n"
            "    from sklearn.linear_model import LogisticRegression as Model\n"
            "    return make_pipeline(F(lambda x: x[['a']]), Model()).fit(train, train['bought'])",
            "the model holds a lambda or local function: bad_fit.<lambda>",
        ),
    ],
)
def test_an_unusable_model_is_refused_by_name(toy: ToyRun, body: str, message: str) -> None:
    toy.configure(toy_config())
    assert toy.steps(last="split") == Exit.OK
    toy.code = toy.folder / "code"
    toy.code.mkdir()
    (toy.code / "bad_fit.py").write_text(
        "def columns(x):\n    return x[['a']]\n\n"
        f"def fit(train, validation, parameters):\n    {body}\n"
    )
    toy.configure(toy_config(training__train="bad_fit:fit"))
    assert toy.step("train") == Exit.BAD_INPUT, toy.error("train")["message"]
    assert message in toy.error("train")["message"]


def test_a_model_that_cannot_predict_the_test_rows_is_the_users_error(toy: ToyRun) -> None:
    toy.run()
    toy.code = toy.folder / "code"
    toy.code.mkdir()
    (toy.code / "fussy.py").write_text(
        "from sklearn.base import BaseEstimator, ClassifierMixin\n"
        "class Fussy(ClassifierMixin, BaseEstimator):\n"
        "    def fit(self, x, y):\n"
        "        self.classes_ = sorted(set(y)); self.last_ = x['count'].sum(); return self\n"
        "    def predict(self, x):\n"
        "        if len(x) > 1000: raise ValueError('too many rows for me')\n"
        "        return [self.classes_[0]] * len(x)\n"
        "    def predict_proba(self, x):\n"
        "        return [[0.5, 0.5]] * len(x)\n"
        "def fit(train, validation, parameters):\n"
        "    return Fussy().fit(train, train['bought'])\n"
    )
    toy.configure(toy_config(training__train="fussy:fit", training__trusted_types=["fussy.Fussy"]))
    assert toy.step("train") == Exit.OK, Path(toy.work / "train.error.json").read_text()
    assert toy.step("evaluate") == Exit.USER_CODE
    error = toy.error("evaluate")
    assert error["message"].startswith("predicting the test rows: ValueError: too many rows for me")
    assert "fussy.py" in error["traceback"]
