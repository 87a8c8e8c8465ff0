"""Model files: skops instead of pickle, in bytes that are the same for the same model.

skops names parts of a file after memory addresses and stamps them with the time, scikit-learn's
vectorisers remember an address, and its boosted trees how many threads binned their columns. All
are taken out, so that training twice on the same rows gives one digest, on any machine.

Whole libraries are trusted only for a file that this process has just written; the types it needs
are listed in the release, and a release's file is read back only under its digest.
"""

import io
import json
import warnings
import zipfile
from collections.abc import Sequence
from typing import Any

from trimaran_runtime.errors import ConfigError, Corrupted

FAMILIES = ("sklearn.", "numpy.", "scipy.")
"""Libraries whose types a model file may hold without being named in the configuration."""
_HARMLESS = ("functools.partial",)
"""Holds a function that is looked at in its own right; scikit-learn's trees have one."""
_OWN = ("trimaran_runtime.training.learner.columns.", "trimaran_runtime.training.onnx_model.")
"""What models hold of ours: the built-in learners', and those in ONNX."""
_ADDRESS = "_stop_words_id"
"""Attribute of scikit-learn's vectorisers: the address of stop words already looked at; another
value has them looked at again."""
_BINNING = "_BinMapper"
_THREADS = "n_threads"
"""Attribute of what bins the columns of scikit-learn's boosted trees: the processors of the machine
it was fitted on, which no answer depends on."""
_SCHEMA = "schema.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def dump_model(model: Any) -> bytes:
    """Bytes of a fitted model.

    Raises:
        ConfigError: it holds something that cannot be saved without pickle (a lambda, say).
    """
    from skops import io as skops_io
    from skops.io.exceptions import UnsupportedTypeException

    try:
        content = skops_io.dumps(model)
    except (UnsupportedTypeException, TypeError, AttributeError) as exc:
        raise ConfigError(
            f"the fitted {type(model).__name__} cannot be saved: {exc}",
            where="pipeline.train",
            allowed="scikit-learn estimators, and classes and functions defined in a module",
            next_step="replace lambdas and local functions by functions of your module",
        ) from exc
    return _normalised(content)


def trusted_types(content: bytes, allowed: Sequence[str]) -> tuple[str, ...]:
    """The types a model file needs beyond skops' defaults, all of which may be built.

    Args:
        content: the file.
        allowed: types that the configuration names (`pipeline.trusted_types`).

    Raises:
        ConfigError: the file holds a type of another library that the configuration does not name.
    """
    from skops import io as skops_io

    needed = sorted(skops_io.get_untrusted_types(data=content))
    if nameless := [name for name in needed if "<" in name]:
        raise ConfigError(
            f"the model holds a lambda or local function: {', '.join(nameless)}",
            where="pipeline.train",
            allowed="functions defined in a module, which a model file can name",
            next_step="give it a name in your module",
        )
    known = (*_HARMLESS, *allowed)
    refused = [n for n in needed if not n.startswith((*FAMILIES, *_OWN)) and n not in known]
    if refused:
        listed = ", ".join(refused)
        raise ConfigError(
            f"the model file holds types that are not trusted: {listed}",
            where="pipeline.trusted_types",
            allowed=f"types of {', '.join(f.rstrip('.') for f in FAMILIES)}, and those named there",
            next_step=f"if they are yours, add [{listed}] to pipeline.trusted_types",
        )
    return tuple(needed)


def load_model_bytes(content: bytes, trusted: Sequence[str]) -> Any:
    """Build a model from its bytes; nothing but the trusted types is ever built.

    Raises:
        Corrupted: it is no model file, or holds a type that is not trusted.
    """
    from skops import io as skops_io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        with warnings.catch_warnings():
            # Another skops version wrote it: the round trip was checked when it was written.
            warnings.simplefilter("ignore", UserWarning)
            return skops_io.loads(content, trusted=list(trusted))
    except UntrustedTypesFoundException as exc:
        raise Corrupted(f"the model file holds types nobody trusted: {exc}", where="model") from exc
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, EOFError) as exc:
        raise Corrupted(
            f"the model file cannot be read: {exc}",
            where="model",
            next_step="run the pipeline again, or roll back to another release",
        ) from exc
    except (ImportError, AttributeError) as exc:
        raise ConfigError(
            f"the model needs code that is not here: {exc}",
            where="model",
            next_step="install the libraries it was trained with, and keep its module",
        ) from exc


def _normalised(content: bytes) -> bytes:
    """The same file with ids and names counted up in order of appearance, and no clock."""
    source = zipfile.ZipFile(io.BytesIO(content))
    ids: dict[int, int] = {}
    files: dict[str, str] = {}
    schema = _renamed(json.loads(source.read(_SCHEMA)), ids, files)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for old, new in files.items():
            archive.writestr(_entry(new), source.read(old))
        archive.writestr(_entry(_SCHEMA), json.dumps(schema, separators=(",", ":")))
    return target.getvalue()


def _renamed(node: Any, ids: dict[int, int], files: dict[str, str]) -> Any:
    if isinstance(node, list):
        return [_renamed(item, ids, files) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("__class__") == _BINNING:
        node = _of_one_thread(node)
    renamed: dict[str, Any] = {}
    for key, item in node.items():
        if key == "__id__" and isinstance(item, int):
            # From 1: skops takes an id of 0 for none.
            renamed[key] = ids.setdefault(item, len(ids) + 1)
        elif key == "file" and isinstance(item, str):
            suffix = item.rpartition(".")[2]
            renamed[key] = files.setdefault(item, f"{len(files):06d}.{suffix}")
        elif key == _ADDRESS and isinstance(item, dict) and "content" in item:
            renamed[key] = _renamed({**item, "content": "0"}, ids, files)
        else:
            renamed[key] = _renamed(item, ids, files)
    return renamed


def _of_one_thread(binning: dict[str, Any]) -> dict[str, Any]:
    state = binning["content"]["content"]
    # Without an id: whether it is the file's first 1 depends on what it was before.
    one = {key: value for key, value in state[_THREADS].items() if key != "__id__"}
    state = {**state, _THREADS: {**one, "content": "1"}}
    return {**binning, "content": {**binning["content"], "content": state}}


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=_EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry
