"""Former names in yaml files: keys, kinds and other words that have a new name, each refused with the present one."""

from collections.abc import Collection, Mapping
from typing import Any

from foldline.files.refusal import suggestion

FORMER_NAMES: Mapping[str, tuple[str, ...]] = {
    # card
    "shares": ("label_distribution",),
    "picture": ("image",),
    **dict.fromkeys(("join", "keep", "drop", "replace", "substitute", "one_hot", "rename", "extract"), ("python",)),
    # train
    "rates": ("learning_rates",),
    "body": ("backbone",),
    "parts": ("per_stage",),
    "plain": ("linear",),
    "hidden": ("mlp",),
    "own": ("default",),
    "drop_channel_rate": ("spatial_dropout_rate",),
    "side_features": ("tabular_features",),
    "joined": ("concatenated",),
    "warm_start": ("head_initialisation",),
    "logistic_regression": ("linear_probe",),
    "start_share": ("start_factor", "start_fraction"),
    "end_share": ("end_factor", "end_fraction"),
    "warmup_share": ("warmup_fraction",),
    "tail_share": ("tail_fraction",),
    "forward": ("update_bn",),
    "cumulative": ("cumulative_link",),
    # ensemble
    "convex": ("convex_combination",),
    "greedy": ("hill_climbing",),
    # metric
    "linear_kappa": ("linear_weighted_kappa",),
    "matthews": ("matthews_correlation",),
    "mean_row_f_beta": ("samples_f_beta",),
    "mean_row_jaccard": ("samples_jaccard",),
    "quadratic_kappa": ("quadratic_weighted_kappa",),
    # prepare, split
    "unreadable_share": ("max_unreadable_fraction",),
    "apart": ("ignored",),
    "together": ("same_fold",),
}
"""From a former name to its present ones, of which the one that is valid where it was found is meant.

Renamed on 29 November 2026; to be removed on 29 November 2027, when nobody writes them any more.
"""

ADDED_KEYS: Mapping[str, str] = {
    "trackers": "trackers: []",
    "pretext": "pretext: {kind: none}",
    "train.label_fraction": "label_fraction: 1.0",
    "train.phases": "phases: []",
    "train.soup": "soup: {kind: none}",
}
"""Of params.yaml, with what leaves an experiment as it was before there was such a key."""


def added(key: str) -> str:
    """What a message about a missing `key` ends with, if it is younger than files that lack it."""
    return f" Add `{ADDED_KEYS[key]}`." if key in ADDED_KEYS else ""


def present_name(former: Any) -> Any:
    """What a machine would write today for a word that it wrote before; anything else as it is."""
    return FORMER_NAMES.get(former, (former,))[0] if isinstance(former, str) else former


def did_you_mean(name: str, valid: Collection[str]) -> str:
    """A hint for a message about an unknown `name`: the present name of a former one, else the nearest of `valid`."""
    present = [other for other in FORMER_NAMES.get(name, ()) if other in valid]
    return f" It is called `{present[0]}` now." if present else suggestion(name, valid)
