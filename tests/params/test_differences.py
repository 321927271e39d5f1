"""What differs between two experiments, in words that fit a line."""

from foldline.params.differences import changes, comparable, flattened, in_words, short_names

BASE = {
    "competition": "pets",
    "folds": [0, 1],
    "train": {"epochs": 6, "optimizer": {"kind": "sgd", "momentum": 0.9}, "phases": [], "model": {"kind": "timm"}},
    "submit": {"message": "words"},
}


def test_values_stand_by_their_paths_and_what_changes_no_result_is_left_out() -> None:
    assert flattened(BASE) == {
        "folds": [0, 1],
        "train.epochs": 6,
        "train.optimizer.kind": "sgd",
        "train.optimizer.momentum": 0.9,
        "train.phases": [],
        "train.model.kind": "timm",
    }


def test_what_differs_alone() -> None:
    other = {**BASE, "folds": [0], "train": {**BASE["train"], "epochs": 2, "optimizer": {"kind": "adamw", "beta": 0.5}}}
    changed = changes(flattened(other), flattened(BASE))
    assert changed == {
        "folds": [0],
        "train.epochs": 2,
        "train.optimizer.kind": "adamw",
        "train.optimizer.beta": 0.5,
        "train.optimizer.momentum": None,
    }
    names = short_names([*flattened(BASE), *changed])
    assert names["train.optimizer.kind"] == "optimizer.kind", "`kind` alone would be the model's, too"
    assert in_words(changed, names) == "folds=[0], epochs=2, optimizer.kind=adamw, beta=0.5"


def test_numbers_are_equal_however_they_are_written() -> None:
    """DVC writes the 1e-3 that a person wrote as 0.001."""
    assert changes({"a": "1e-3", "b": 1, "c": ["2e-1"]}, {"a": 0.001, "b": 1.0, "c": [0.2]}) == {}
    assert changes({"a": True, "b": None, "c": "1x"}, {"a": 1, "b": 0, "c": "1"}) == {"a": True, "b": None, "c": "1x"}
    assert comparable({"a": "1e-3"}) == comparable({"a": 0.001})


def test_a_path_that_ends_as_another_keeps_all_its_words() -> None:
    assert short_names(["kind", "train.kind", "train.head.kind"]) == {
        "kind": "kind",
        "train.kind": "train.kind",
        "train.head.kind": "head.kind",
    }


def test_paths_are_named_by_what_tells_them_apart() -> None:
    paths = ["train.rate", "train.optimizer.decay", "split.seed", "pretext.seed", "optimizer"]
    assert [*short_names(paths).values()] == ["rate", "decay", "split.seed", "pretext.seed", "optimizer"]
    assert [*short_names(["a.b", "b"]).values()] == ["a.b", "b"]
