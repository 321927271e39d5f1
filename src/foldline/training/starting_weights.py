"""The backbone's starting weights in one file: from the hub, a file or a folder."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import timm
from safetensors import SafetensorError
from timm.models import load_state_dict
from torch import Tensor, nn

from foldline.files.refusal import Refusal, listed
from foldline.training.backbones import build_backbone
from foldline.training.models import read_description
from foldline.training.weights import SUFFIXES

PREFIXES = ("", "backbone.", "model.", "encoder.")
"""What wraps a backbone's keys in other people's files, and in our own. timm itself removes `module.`."""
OFFLINE = "Without a network, set `weights: {kind: file, path: ...}` or `{kind: folder, path: ...}`, or `{kind: none}`."


def starting_weights(path: Path, name: str) -> Path | None:
    """`path` where it holds weights for the model `name`, None where it says that they are random.

    Raises Refusal when it was written for another model.
    """
    description = read_description(path)
    if description.get("model") != name:
        raise Refusal(
            f"{path} holds weights of `{description.get('model')}`, train.model.name is `{name}`. "
            "Run `dvc repro weights`."
        )
    return None if description["kind"] == "none" else path


def from_hub(name: str, revision: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        backbone = build_backbone(name, hub=_of_revision(name, revision))
    except Refusal:
        raise
    except Exception as error:  # whatever the hub's client, its transport or the operating system raise
        first_line = (str(error) or type(error).__name__).strip().splitlines()[0]
        raise Refusal(f"the weights of `{name}` cannot be had from the hub: {first_line} {OFFLINE}") from None
    settings: Mapping[str, Any] = backbone.pretrained_cfg  # type: ignore[assignment]
    source = settings["hf_hub_id"] or settings["url"]
    return backbone.state_dict(), {"tag": settings["tag"], "hub": source, "revision": revision}


def _of_revision(name: str, revision: str) -> dict[str, Any]:
    """What tells timm to take this revision. Raises Refusal when the weights lie in no repository."""
    settings = timm.get_pretrained_cfg(name)
    repository = settings.hf_hub_id if settings is not None else None
    if repository is not None:
        return {"hf_hub_id": f"{repository}@{revision}"}
    if revision != "main":
        raise Refusal(
            f"weights.revision is `{revision}`, but timm has the weights of `{name}` from no repository with "
            "revisions. Set it to `main`."
        )
    return {}


def from_file(path: Path, name: str) -> dict[str, Tensor]:
    try:
        found = load_state_dict(str(path))
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError, SafetensorError) as error:
        first_line = (str(error) or type(error).__name__).strip().splitlines()[0]
        raise Refusal(
            f"{path} is not a readable file of weights ({first_line}). Use one of {listed(SUFFIXES)}."
        ) from None
    return match_backbone(found, build_backbone(name), name, path)


def match_backbone(found: Mapping[str, Any], backbone: nn.Module, name: str, path: Path) -> dict[str, Tensor]:
    """The tensors of `found` that are the backbone's, under the backbone's names; classifiers are left out.

    Raises Refusal, naming keys, unless every weight of the backbone is found in its shape.
    """
    expected = backbone.state_dict()
    candidates = [
        {key: found[prefix + key] for key in expected if _fits(found.get(prefix + key), expected[key])}
        for prefix in PREFIXES
    ]
    matched = max(candidates, key=len)
    # Files older than PyTorch 0.4 do not count BatchNorm's batches; nothing depends on it.
    absent = [key for key in expected if key not in matched and not key.endswith("num_batches_tracked")]
    if absent:
        strange = [key for key in found if key not in matched]
        raise Refusal(
            f"{path} does not fit the model `{name}`: {len(matched)} of its {len(expected)} tensors match. "
            f"Not found, or of another shape: {listed(absent, 5)}. In the file instead: {listed(strange, 5)}. "
            "Set train.model.name to the model that the file was made with."
        )
    return {key: matched.get(key, tensor) for key, tensor in expected.items()}


def _fits(tensor: Any, expected: Tensor) -> bool:
    return isinstance(tensor, Tensor) and tensor.shape == expected.shape
