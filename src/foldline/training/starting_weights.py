"""The backbone's starting weights in one file: from the hub, a file or a folder."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import timm
import torch
from timm.models import PretrainedCfg
from torch import Tensor, nn

from foldline.files.reading import reading
from foldline.files.refusal import Refusal, listed
from foldline.training.backbones import build_backbone, first_line, known_model
from foldline.training.models import read_description
from foldline.training.weight_files import COUNTS, Match, matched_by_name, matched_by_order, read_tensors
from foldline.training.weights import How

OFFLINE = (
    "Without a network, set `weights: {kind: file, path: ..., match: name}`, the same with `kind: folder`, or "
    "`{kind: none}`."
)


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
    known_model(name)
    settings = timm.get_pretrained_cfg(name)
    if settings is None or not settings.has_weights:
        raise Refusal(
            f"weights.kind is hub, but there are no pretrained weights of `{name}`. Set weights to {{kind: none}}, or "
            "train.model.name to a model that has some."
        )
    try:
        backbone = build_backbone(name, _of_revision(settings, name, revision))
    except Refusal:
        raise
    except Exception as error:  # whatever the hub's client, its transport or the operating system raise
        raise Refusal(f"the weights of `{name}` cannot be had from the hub: {first_line(error)}. {OFFLINE}") from None
    found: Mapping[str, Any] = backbone.pretrained_cfg  # type: ignore[assignment]
    source = found["hf_hub_id"] or found["url"]
    refuse_impossible(backbone.state_dict(), backbone, str(source))
    return backbone.state_dict(), {"tag": found["tag"], "hub": source, "revision": revision}


def _of_revision(settings: PretrainedCfg, name: str, revision: str) -> dict[str, Any]:
    """What tells timm to take this revision. Raises Refusal when the weights lie in no repository."""
    if settings.hf_hub_id is not None:
        return {"hf_hub_id": f"{settings.hf_hub_id}@{revision}"}
    if revision != "main":
        raise Refusal(
            f"weights.revision is `{revision}`, but timm has the weights of `{name}` from no repository with "
            "revisions. Set it to `main`."
        )
    return {}


def from_file(path: Path, name: str, match: How) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of the file that are the backbone's, under the backbone's names and of the file's own shapes;
    classifiers are left out. With them, what reading them must know.

    Raises Refusal, naming keys, unless every weight of the backbone is found.
    """
    groups, backbone = read_tensors(path), build_backbone(name)
    expected = backbone.state_dict()
    told = told_by_config(path.parent / "config.json", name, backbone)
    if match == "order":
        found = _in_order(groups, backbone, expected, path)
        told["mapping"] = found.names
    else:
        found = matched_by_name(groups, expected, path)
        _refuse_absent(found, groups, backbone, expected, path, name)
        told |= {"prefix": found.prefix} if found.prefix else {}
    refuse_impossible(found.tensors, backbone, str(path))
    channels = _channels(found.tensors, expected, backbone)
    return found.tensors, told | ({"channels": channels} if channels else {})


def _refuse_absent(
    found: Match,
    groups: list[dict[str, Tensor]],
    backbone: nn.Module,
    expected: Mapping[str, Tensor],
    path: Path,
    name: str,
) -> None:
    absent = [key for key in expected if key not in found.tensors and not key.endswith(COUNTS)]
    if not absent:
        return
    cure = "Set train.model.name to the model that the file was made with."
    ordered = _by_order(groups, backbone, expected)
    if isinstance(ordered, Match):
        pairs = listed((f"{theirs} as {mine}" for mine, theirs in ordered.names.items()), 2)
        cure = (
            "But tensors of the same shapes lie in the same order there: another library's names for this model, it "
            f"seems. `weights.match: order` takes them so ({pairs}), and shows the whole list."
        )
    raise Refusal(
        f"{path} does not fit the model `{name}`: it has {len(found.tensors)} of the names of its {len(expected)} "
        f"tensors. Not found: {listed(absent, 5)}. In the file instead: {listed(found.rest, 5)}. {cure}"
    )


def _by_order(groups: list[dict[str, Tensor]], backbone: nn.Module, expected: Mapping[str, Tensor]) -> Match | str:
    """Of the file's groups, the largest."""
    free = {key for key in expected if key in _first_convolutions(backbone) or "pos_embed" in key}
    return matched_by_order(max(groups, key=len), expected, free)


def _in_order(
    groups: list[dict[str, Tensor]], backbone: nn.Module, expected: Mapping[str, Tensor], path: Path
) -> Match:
    found = _by_order(groups, backbone, expected)
    if isinstance(found, Match):
        return found
    raise Refusal(
        f"{path} does not fit the model in order (weights.match: order): {found}. Set train.model.name to the model "
        "that the file was made with, or weights.match to name."
    )


def _first_convolutions(backbone: nn.Module) -> list[str]:
    """The names of the weights that images meet first."""
    found = backbone.pretrained_cfg.get("first_conv") or ()  # type: ignore[operator]
    return [f"{layer}.weight" for layer in ((found,) if isinstance(found, str) else found)]


def _channels(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], backbone: nn.Module) -> int | None:
    """Those of the images that the weights learned from, where they are not those that timm's own did."""
    usual: int = backbone.pretrained_cfg["input_size"][0]  # type: ignore[index]
    for key in _first_convolutions(backbone):
        theirs, mine = tuple(found[key].shape), tuple(expected[key].shape)
        if len(theirs) == len(mine) == 4 and theirs[1] != mine[1]:
            return theirs[1] * usual // mine[1]
    return None


def told_by_config(path: Path, name: str, backbone: nn.Module) -> dict[str, Any]:
    """The mean and std of the images that the weights learned from, as the hub's config.json has them.

    Raises Refusal when it is of another model.
    """
    if not path.is_file():
        return {}
    cure = "Fetch it again, or remove it: then the mean and std hold that timm names for the model."
    with reading(path, "valid JSON", cure):
        config = json.loads(path.read_bytes())
    if not isinstance(config, dict) or not isinstance(config.get("pretrained_cfg", {}), dict):
        return {}
    config = config | config.get("pretrained_cfg", {})
    features = config.get("num_features", backbone.num_features)
    architecture = config.get("architecture", name).partition(".")[0]
    if architecture != name.partition(".")[0] or features != backbone.num_features:
        raise Refusal(
            f"{path} is of the model `{architecture}` with {features} features, train.model.name is `{name}` with "
            f"{backbone.num_features}. Set train.model.name to the former, or name the right folder."
        )
    told = {key: config[key] for key in ("mean", "std") if key in config}
    for key, numbers in told.items():
        if not _are_colours(numbers, least=0.0 if key == "std" else -math.inf):
            raise Refusal(
                f"{path}: `{key}` is {numbers!r}: it takes a list of numbers, of std all above 0. Correct it."
            )
    return told


def _are_colours(numbers: Any, least: float) -> bool:
    if not isinstance(numbers, list) or not numbers:
        return False
    return all(isinstance(one, int | float) and math.isfinite(one) and one > least for one in numbers)


def refuse_impossible(tensors: Mapping[str, Tensor], backbone: nn.Module, source: str) -> None:
    """Raises Refusal for numbers that no training ends with: such that are not finite, or a variance below zero.

    Buffers other than statistics may hold an infinity, as bounds that bind nothing.
    """
    learned = dict(backbone.named_parameters())
    for key, tensor in tensors.items():
        if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_complex():
            raise Refusal(f"{source}: `{key}` does not hold plain numbers. Take the weights before any compression.")
        wrong = tensor.isnan() if key not in learned and "running_" not in key else ~tensor.isfinite()
        if key.endswith("running_var"):
            wrong |= tensor < 0
        if wrong.any():
            raise Refusal(
                f"{source}: {int(wrong.sum())} of {tensor.numel()} numbers of `{key}` are not finite, or a variance "
                "below zero: the training that wrote them had gone wrong. Take an earlier file of it, or other weights."
            )


def settings_of(path: Path) -> dict[str, Any]:
    """What replaces timm's own settings of where its weights lie and what they learned from: this file."""
    told = read_description(path)
    settings = {key: tuple(told[key]) for key in ("mean", "std") if key in told}
    if "channels" in told:
        usual = timm.get_pretrained_cfg(told["model"])
        settings["input_size"] = (told["channels"], *(usual.input_size[1:] if usual is not None else (32, 32)))
    # With a classifier's name, timm would let any weight be absent.
    return {"file": str(path), "custom_load": False, "classifier": None, **settings}
