"""`dvc.yaml` promises exact staleness: a stage depends on the code and the sections that it uses, no more."""

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from foldline.files.places import CODE, Places
from foldline.params.code_digests import own_graph
from foldline.training.train_section import Train
from pipelines.code import PIPELINES, stages_with_code

# Editing our code must not download again; what these two wrote is checked when it is read.
WITHOUT_CODE = {"code", "download", "weights"}
# One more seed must not train the others again, and DVC cannot track a section but for a key.
TRAIN_PARAMS = [f"train.{key}" for key in Train.model_fields if key != "seeds"]

STAGES: dict[str, dict[str, Any]] = {
    name: stage for path in PIPELINES for name, stage in yaml.safe_load(path.read_text())["stages"].items()
}
GRAPH = own_graph()
# These load it once they work, not at their start (test_startup.py).
WITHOUT_TORCH = sorted(set(STAGES) - {"weights", "dry_run", "pretext", "pretext_choice", "train", "predict"})


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_a_stage_depends_on_the_digest_of_its_own_code_alone(stage: str) -> None:
    digests = [keys for entry in STAGES[stage].get("params", []) if is_code(entry) for keys in entry.values()]
    assert digests == ([] if stage in WITHOUT_CODE else [[f"code.{stage}"]])
    assert not [dependency for dependency in STAGES[stage].get("deps", []) if dependency.endswith(".py")]


def test_the_stage_code_digests_the_stages_that_ask_for_it() -> None:
    assert {stage for stage, _ in stages_with_code()} == set(STAGES) - WITHOUT_CODE
    assert {"src", "pipelines", "input/own"} == set(STAGES["code"]["deps"])


@pytest.mark.parametrize("stage", sorted(set(STAGES) - {"check", "code"}))
def test_a_stage_tracks_exactly_the_sections_that_it_reads(stage: str) -> None:
    """`check` reads all of both files, and tracks all of both. `train` is told its seed, and does without the list."""
    read_params, read_facts = _sections_read(stage)
    tracked_params, tracked_facts = _sections_tracked(STAGES[stage])
    if stage == "train":
        read_params = read_params - {"train"} | set(TRAIN_PARAMS)
    assert tracked_params == read_params
    assert tracked_facts == read_facts


@pytest.mark.parametrize("stage", sorted(set(STAGES) - {"check", "code"}))
def test_what_no_stage_tracks_is_where_epochs_are_shown_and_no_more(stage: str) -> None:
    assert _keys_named(stage, "aside") == ({"trackers"} if stage == "train" else set())
    assert "trackers" not in _sections_tracked(STAGES[stage])[0]


def test_of_the_section_train_the_list_of_seeds_alone_is_nothing_to_a_training() -> None:
    tracked = [entry.removeprefix("train.") for entry in STAGES["train"]["params"] if isinstance(entry, str)]
    assert sorted([*tracked, "seeds"]) == sorted(
        yaml.safe_load(Path("pipelines/recipes/digits.yaml").read_text())["train"]
    )


@pytest.mark.parametrize("stage", sorted(set(STAGES) - WITHOUT_CODE))
def test_no_stage_imports_another(stage: str) -> None:
    others = {f"pipelines.{other}" for other in STAGES} - {f"pipelines.{stage}"}
    assert not others & GRAPH.find_upstream_modules(f"pipelines.{stage}")


@pytest.mark.parametrize("stage", sorted({*WITHOUT_TORCH} - {"check"}))
def test_a_stage_that_needs_no_torch_imports_none(stage: str) -> None:
    """`check` reads kinds whose methods would; that it calls none of these, tests/pipelines/test_check.py shows."""
    modules = {f"pipelines.{stage}", *GRAPH.find_upstream_modules(f"pipelines.{stage}")}
    sources = {module: _imported(module) for module in modules}
    heavy = {module: names & {"torch", "timm", "albumentations", "accelerate"} for module, names in sources.items()}
    assert not {module: names for module, names in heavy.items() if names}


def test_packages_hold_no_code_that_a_dependency_list_would_miss() -> None:
    filled = [str(path) for path in Path("src").rglob("__init__.py") if path.read_text().strip()]
    assert not filled


def test_outs_lie_where_the_code_looks_for_them() -> None:
    places = Places("dogs")
    outs = {
        str(next(iter(out)) if isinstance(out, dict) else out).replace("${competition}", "dogs")
        for stage in STAGES.values()
        for out in [*stage.get("outs", []), *stage.get("metrics", [])]
    }
    model = Path("fold${item.fold}", "seed${item.seed}")
    expected = {
        CODE,
        places.checked,
        places.archives,
        places.weights,
        places.dry_run,
        places.rows,
        places.targets,
        places.images,
        places.classes,
        places.pixels,
        places.folds,
        places.training,
        places.duplicates,
        places.pretext,
        places.pretext.with_name("fold${item.fold}"),
        places.score,
        places.submission,
        places.receipt,
        *(places.trained_folds / model / name for name in ("model.safetensors", "history.csv", "metrics.json")),
        places.predicted_folds / model,
        *(places.ensemble / name for name in ("history.csv", "gains.csv", "metrics.json")),
        *(places.ensemble / name for name in ("out_of_fold_scores.npy", "test_scores.npy")),
        *(places.clipped / name for name in ("gains.csv", "metrics.json", "rule.json")),
        *(
            folder / name
            for folder in (places.ensemble, places.clipped)
            for name in ("out_of_fold.npy", "test.npy", "ids.parquet", "classes.json")
        ),
    }
    assert outs == {str(path) for path in expected}


def test_no_out_is_uncached_or_persistent() -> None:
    """An uncached out switches DVC's run-cache off for its stage, and so does a persistent one."""
    options = [out for stage in STAGES.values() for out in [*stage.get("outs", []), *stage.get("metrics", [])]]
    assert not [out for out in options if isinstance(out, dict)]


def is_code(entry: Any) -> bool:
    return isinstance(entry, dict) and CODE.as_posix() in entry


def _sections_read(stage: str) -> tuple[set[str], set[str]]:
    return _keys_named(stage, "section"), _keys_named(stage, "fact")


def _keys_named(stage: str, method: str) -> set[str]:
    """The keys in the calls of `settings.<method>("key", ...)` of a stage's scripts."""
    modules = {f"pipelines.{stage}", *GRAPH.find_upstream_modules(f"pipelines.{stage}")} - {"pipelines.running"}
    scripts = [_source(module) for module in sorted(modules) if module.startswith("pipelines.")]
    read: set[str] = set()
    for node in (node for script in scripts for node in ast.walk(ast.parse(script.read_text()))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method:
            key = node.args[0]
            assert isinstance(key, ast.Constant), f"pipelines.{stage}: sections are named by constants"
            read.add(key.value)
    return read


def _sections_tracked(stage: dict[str, Any]) -> tuple[set[str], set[str]]:
    params: set[str] = set()
    facts: set[str] = set()
    for entry in stage.get("params", []):
        if isinstance(entry, str):
            params.add(entry)
        elif not is_code(entry):
            (keys,) = entry.values()
            facts.update(keys)
    return params, facts - {"slug"}


def _imported(module: str) -> set[str]:
    """The top-level names of a module's imports outside of functions: what starting it up loads."""
    names: set[str] = set()
    for node in ast.parse(_source(module).read_text()).body:
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def _source(module: str) -> Path:
    file = Path("src" if module.startswith("foldline") else ".", *module.split("."))
    return file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
