"""Predictions, timed for some batches under all views."""

from functools import partial
from itertools import chain, repeat
from statistics import median
from time import perf_counter

from foldline.card.views import view_of
from foldline.pixels.loaders import evaluation_loader
from foldline.predicting.predicted_rows import Aggregate, Predict, RowImages
from foldline.predicting.predicting import row_outputs
from foldline.training.processes import start_accelerator
from foldline.training.timing import STEPS, Clock, is_enough, settled, warm_up
from foldline.training.train_section import Train
from foldline.training.training_setup import Fold, first_model, fold_objective


def time_prediction(
    fold: Fold, config: Train, predict: Predict, images: RowImages, aggregate: Aggregate, clock: Clock = perf_counter
) -> float:
    """Seconds of an image under all views, in one process. `images`: of the test rows."""
    accelerator = start_accelerator(predict.precision)
    config = config.model_copy(update={"epochs": max(config.epochs, 1)})  # The backbone, too.
    model = first_model(fold, config, fold_objective(fold, config.loss), None)
    passes = [(model, view_of(view)) for view in predict.views]
    load = partial(evaluation_loader, fold.pixels, batch_size=predict.batch_size, workers=predict.workers)
    batches = chain.from_iterable(
        row_outputs(passes, load, images, accelerator, aggregate, "test rows") for _ in repeat(None)
    )
    seconds, before = list[float](), clock()
    while len(seconds) < warm_up(predict.workers) + STEPS and not is_enough(seconds):
        next(batches)  # Its outputs are on the CPU by now.
        now = clock()
        seconds.append(now - before)
        before = now
    count = len(images.rows)
    return median(settled(seconds, predict.workers)) / (count / -(-count // predict.batch_size))
