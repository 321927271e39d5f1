"""The dry run of a pretext's training, on noise."""

from accelerate import Accelerator

from foldline.training.chosen_weights import refuse_absent_stages
from foldline.training.dry_run import dry_run
from foldline.training.networks import Model
from foldline.training.pretext_training import naming_the_section
from foldline.training.training_setup import Fold, first_model, fold_objective


def dry_run_pretext(fold: Fold, model: Model, processes: int, accelerator: Accelerator) -> None:
    """Raises Refusal where the pretext of `fold.task` cannot be trained, or handed on, as its section says."""
    assert fold.task is not None
    config = fold.task.training(model)
    backbone = first_model(fold, config, fold_objective(fold, config.loss), None).backbone
    refuse_absent_stages(backbone, fold.task.load_stages, model.name)
    with naming_the_section():
        dry_run(fold, config, (), "float32", processes, accelerator)
