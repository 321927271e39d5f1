"""The folders of a study's cells: each looks like a project to the stages, which run in it unchanged.

What a cell shares with the project, or with other cells, is a link: a stage before the training runs once per key
(experiment/chain.py). Nothing is written outside of the study's folder.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from foldline.card.card import Card
from foldline.experiment.chain import Chain, Experiment, Stage, read_chain
from foldline.experiment.fitting import refuse_unfit
from foldline.experiment.params import Params
from foldline.experiment.study import Cell, cell_title
from foldline.fan_out.queue import Item
from foldline.files.parent import same_code
from foldline.files.places import ALL_ROWS, CARDS, Places
from foldline.files.refusal import Refusal, counted, listed
from foldline.files.whole_files import read_json, write_json, write_text
from foldline.params.section import parse
from foldline.params.yaml_files import nested_values, read_yaml

TRAIN = "train"
SHOWN = 10
"""Of many refusals."""
LINKED = ("input", str(CARDS))
"""Folders of the project that stages read."""


@dataclass(frozen=True)
class Workspace:
    """A folder that looks like a project."""

    folder: Path
    params: Experiment

    def fill(self, slug: str, links: Mapping[str, Path]) -> None:
        """params.yaml, and links to what stages read; those of an earlier run, to whatever they led, are replaced."""
        write_text(self.folder / "params.yaml", yaml.safe_dump(dict(self.params), sort_keys=False))
        caches = str(Places(slug).pixel_caches)
        Path(caches).mkdir(parents=True, exist_ok=True)
        for name, target in {**{name: Path(name) for name in (*LINKED, caches)}, **links}.items():
            link = self.folder / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(os.path.relpath(target, link.parent))

    def has(self, outs: Sequence[str]) -> bool:
        return all((self.folder / out).exists() for out in outs)

    def item(self, name: str, command: str, log: str) -> Item:
        """The stage's own command here, with the code that runs now."""
        words = (sys.executable, "-P", *command.split())
        return Item(name, words, self.folder, self.folder / "logs" / f"{log}.log", same_code())


@dataclass(frozen=True)
class Training:
    """One fold and seed of a cell."""

    cell: Cell
    workspace: Workspace
    fold: int
    seed: int
    stage: Stage

    @property
    def outs(self) -> Sequence[str]:
        return self.stage.outs

    @property
    def folder(self) -> Path:
        """Of what it wrote."""
        return (self.workspace.folder / self.outs[0]).parent

    @property
    def is_done(self) -> bool:
        return self.workspace.has(self.outs)

    @property
    def item(self) -> Item:
        name = f"{self.cell.title}; fold {self.fold}, seed {self.seed}"
        return self.workspace.item(name, self.stage.command, f"fold{self.fold}-seed{self.seed}")


@dataclass(frozen=True)
class StudyFolder:
    """work/<slug>/studies/<name>: `cells/<key>` per cell, `shared/<stage>-<key>` of what they do not share with the
    project."""

    folder: Path
    slug: str
    chain: Chain
    project: Experiment

    @cached_property
    def apart(self) -> list[Stage]:
        """What may differ from the project's, in the order in which it is computed: what reads the parameters of an
        experiment, but not the competition's files as they are."""
        before = self.chain.before(TRAIN)
        return [stage for stage in before if stage.name not in ("code", "check", "download")]

    def key(self, name: str, params: Experiment) -> str:
        return self.chain.key(name, params, frozenset(stage.name for stage in self.apart))

    def before(self, cells: Sequence[Cell]) -> Iterator[tuple[str, list[Item]]]:
        """Stage by stage, what must run before the cells are trained, in folders that hold what it reads."""
        for stage in self.apart:
            foreign = [cell.params for cell in reversed(cells) if not self._is_projects(stage, cell.params)]
            spaces = {self.key(stage.name, params): self._workspace(stage, params) for params in foreign}
            for space in spaces.values():
                space.fill(self.slug, self._links(stage, space.params))
            # Cells that differ in their folds alone share a folder.
            runs = {
                (space.folder.name, one.command): space.item(f"{space.folder.name} {one.command}", one.command, name)
                for params in foreign
                for name, one in stage.for_folds(params["folds"]).items()
                if not (space := spaces[self.key(stage.name, params)]).has(one.outs)
            }
            yield stage.name, list(runs.values())

    def trainings(self, cells: Sequence[Cell]) -> list[Training]:
        """Cell by cell, folds before seeds."""
        stage, found = self.chain.stages[TRAIN], []
        for cell in cells:
            space = Workspace(self.folder / "cells" / self.key(TRAIN, cell.params), cell.params)
            seeds, folds = cell.params["train"]["seeds"], cell.params["folds"]
            found += [
                Training(cell, space, fold, seed, stage.of(fold=fold, seed=seed)) for seed in seeds for fold in folds
            ]
        return found

    def refuse_alike(self, cells: Sequence[Cell]) -> None:
        keys: dict[str, str] = {}
        for cell in cells:
            title = cell_title(cell.compared)
            alike = keys.setdefault(self.key(TRAIN, cell.params), title)
            if alike != title:
                raise Refusal(
                    f"the cells `{alike}` and `{title}` train the same model: what differs is nothing that "
                    "training reads. A study compares trainings: leave that axis or value out."
                )

    def fill(self, trainings: Sequence[Training]) -> None:
        for space in {training.workspace.folder: training.workspace for training in trainings}.values():
            space.fill(self.slug, self._links(self.chain.stages[TRAIN], space.params))

    def _workspace(self, stage: Stage, params: Experiment) -> Workspace:
        return Workspace(self.folder / "shared" / f"{stage.name}-{self.key(stage.name, params)}", params)

    def _is_projects(self, stage: Stage, params: Experiment) -> bool:
        """Whether the project has it for these parameters, and for all their folds."""
        is_alike = self.key(stage.name, params) == self.key(stage.name, self.project)
        return is_alike and (not stage.is_per_fold or {*params["folds"]} <= {*self.project["folds"]})

    def _links(self, stage: Stage, params: Experiment) -> dict[str, Path]:
        """From what the stage reads to where it lies: in the project, or where it was computed for these parameters."""
        links: dict[str, Path] = {}
        for path in stage.deps:
            writer = self.chain.writer_of(path)
            if writer is None or writer not in self.apart:
                continue
            there = Path() if self._is_projects(writer, params) else self._workspace(writer, params).folder
            folds = params["folds"] if "${item.fold}" in path else [None]
            for one in (path.replace("${item.fold}", str(fold)) for fold in folds):
                links[one] = there / one
        return links


def study_folder(file: Path, slug: str, params: Path) -> StudyFolder:
    """Of the study in the file, in the project as it is now."""
    return StudyFolder(Places(slug).studies / file.stem, slug, read_chain(slug), read_yaml(params))


def what_changed(study: StudyFolder, cells: Sequence[Cell]) -> Iterator[str]:
    """Since the last run: which of its cells are trained anew, why, and which stay valid. For the next one these are
    the last."""
    file = study.folder / "cells.json"
    last: dict[str, str] = read_json(file) if file.exists() else {}
    titles = [cell.title for cell in cells]
    keys = {cell.title: study.key(TRAIN, cell.params) for cell in cells}
    stale = [title for title, key in keys.items() if last.get(title, key) != key]
    if stale:
        valid = [title for title, key in keys.items() if last.get(title) == key]
        before, now = study.folder / "cells" / last[stale[0]] / "params.yaml", cells[titles.index(stale[0])].params
        known = dict(nested_values(read_yaml(before))) if before.exists() else {}
        paths = sorted(path for path, value in nested_values(now) if known and known.get(path) != value)
        more = [f"and {len(valid) - SHOWN} more"] if len(valid) > SHOWN else []
        yield (
            f"{listed(paths) if paths else 'the data or the code'} changed since the last run: "
            f"{counted(len(stale), 'cell is', 'cells are')} trained anew. Still valid: "
            f"{'; '.join([*valid[:SHOWN], *more]) or 'none'}"
        )
    write_json(file, {**last, **keys})


def refuse_invalid(cells: Sequence[Cell], card: Card, file: Path) -> None:
    """What `check` would refuse of any cell, and what a study cannot compare, before anything runs."""
    wrong = list(dict.fromkeys(line for cell in cells for line in _violations(cell, card)))
    if wrong:
        more = [f"... and {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else []
        raise Refusal(f"{file} has cells that cannot be trained:\n" + "\n".join([*wrong[:SHOWN], *more]))


def measure(cell: Cell, card: Card) -> str:
    """The loss that its validation measures, with its settings."""
    loss = parse(cell.params, Params, cell.title).train.loss
    activation = loss.fitting_activation(card.target.activations, f"a target of kind {card.target.kind}")
    return loss.measured(activation.learned).model_dump_json()


def refuse_other_losses(cells: Sequence[Cell], base: Cell, card: Card, file: Path) -> None:
    """For what goes by the validation loss while it trains."""
    wanted = measure(base, card)
    others = [cell.title for cell in cells if measure(cell, card) != wanted]
    if others:
        raise Refusal(
            f"{file}: --halving and --search go by the validation loss, which is of another kind than the base's in "
            f"{listed(others)} (`train.loss`). Leave these values out, or train the grid without both."
        )


def _violations(cell: Cell, card: Card) -> Iterator[str]:
    try:
        params = parse(cell.params, Params, cell.title)
        refuse_unfit(params, card)
    except Refusal as refusal:
        yield f"{cell.title}: {str(refusal).removeprefix(f'{cell.title}: ')}"
        return
    if params.competition != card.slug:
        yield (
            f"competition: the base's is {params.competition}, that of params.yaml {card.slug}. Set it in the study "
            f"(`changes: {{competition: {card.slug}}}`), or in params.yaml."
        )
    if set(params.folds) & set(ALL_ROWS):
        yield f"folds: {listed(params.folds)}: a training on all rows validates none. Leave it out."
