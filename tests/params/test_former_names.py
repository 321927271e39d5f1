"""Former names are refused with the present ones, and misspelt names with the nearest."""

import importlib
import pkgutil
import typing
from collections.abc import Iterator
from typing import Any

import pytest

import foldline
from foldline.card.views import PARTS, View
from foldline.files.refusal import Refusal
from foldline.params import former_names
from foldline.params.section import Section, parse


class Curve(Section):
    kind: typing.Literal["steep", "flat"]
    per: typing.Literal["step", "epoch"]
    learning_rate: float


def sections(base: type[Section]) -> Iterator[type[Section]]:
    for kind in base.__subclasses__():
        yield kind
        yield from sections(kind)


def words_in(annotation: Any) -> Iterator[str]:
    """What is valid as a word, such as a kind."""
    for inner in typing.get_args(annotation):
        yield from (inner,) if isinstance(inner, str) else words_in(inner)


@pytest.fixture(scope="module")
def places() -> list[set[str]]:
    """The words that are valid together: a section's keys, a field's words, a union's kinds, the parts of a view."""
    for module in pkgutil.walk_packages(foldline.__path__, "foldline."):
        importlib.import_module(module.name)
    ours = [kind for kind in sections(Section) if kind.__module__.startswith("foldline.")]
    words = [set(words_in(field.annotation)) for kind in ours for field in kind.model_fields.values()]
    kinds: dict[type, set[str]] = {}
    for kind in ours:
        if "kind" in kind.model_fields:
            kinds.setdefault(kind.__base__ or kind, set()).update(words_in(kind.model_fields["kind"].annotation))
    return [*(set(kind.model_fields) for kind in ours), *words, *kinds.values(), set(PARTS)]


def test_every_present_name_exists_and_no_former_one_does_in_its_place(places: list[set[str]]) -> None:
    names = [(former, present) for former, names in former_names.FORMER_NAMES.items() for present in names]
    known = set().union(*places)
    assert not [present for _, present in names if present not in known]
    assert not [pair for pair in names for place in places if set(pair) <= place]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rate": 1}, r"`rate` is not a known key. It is called `learning_rate` now. Valid here: kind, learning_rate"),
        ({"lr": 1}, r"`lr` is not a known key. Did you mean `learning_rate`\?"),
        ({"per": "batch"}, r"`per` is 'batch': input should be 'step' or 'epoch'. It is called `step` now."),
        ({"per": "epochs"}, r"`per` is 'epochs': input should be 'step' or 'epoch'. Did you mean `epoch`\?"),
    ],
)
def test_a_former_name_is_refused_with_the_present_one(
    change: dict[str, object], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"rate": ("learning_rates", "learning_rate"), "batch": ("step",)}
    monkeypatch.setattr(former_names, "FORMER_NAMES", names)
    with pytest.raises(Refusal, match=message):
        parse({"kind": "flat", "per": "step", "learning_rate": 0.1} | change, Curve, "params.yaml")


def test_an_unknown_view_is_refused_with_the_nearest() -> None:
    with pytest.raises(Refusal, match=r"unknown view 'hflip'. Did you mean `horizontal_flip`\?"):
        parse("hflip", View, "params.yaml")
