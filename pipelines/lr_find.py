"""Find a learning rate: train for a few steps under rates that grow exponentially, and draw what happens to the loss.

After each step the next validation batch is measured too, in eval mode. Stops when the training loss diverges. What
train.freezing holds back in the first epoch does not learn here. Reads what `train` reads; touches none of it, nor
any checkpoint. Writes work/<slug>/lr_find/fold<k>/seed<s>/: rates.csv, rates.png, suggestions.json, and prints the
suggestions, which are rates of the head: set train.learning_rates.head, and keep the others in proportion.
Parameters: train. Card: target, symmetries. Runs in one process.

foldline lr-find --fold 0
"""

import argparse

from pipelines.answers import Answer
from pipelines.running import parser, read_settings, run, seed_number


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument("--fold", type=int, default=0, help="whose training rows to learn (0)")
    arguments.add_argument("--seed", type=seed_number, help="of all that is drawn (the first of train.seeds)")
    arguments.add_argument("--lowest", type=float, default=1e-7, help="the first rate (1e-7)")
    arguments.add_argument("--highest", type=float, default=1.0, help="the last rate (1)")
    arguments.add_argument("--steps", type=int, default=200, help="how many rates (200)")
    arguments.add_argument("--smoothing", type=float, default=0.9, help="from 0 (none) to below 1 (0.9)")
    return find(arguments.parse_args())


def find(wish: argparse.Namespace) -> Answer:
    # Heavy, and --help needs none of it.
    from foldline.training.processes import start_accelerator
    from foldline.training.rate_finder import Sweep, sweep_fold, write_sweep
    from foldline.training.train_section import Train
    from pipelines.fold_training import read_fold

    settings = read_settings()
    config = settings.section("train", Train)
    seed = config.seeds[0] if wish.seed is None else wish.seed
    fold = read_fold(settings, wish.fold, seed, config)
    sweep = Sweep(wish.lowest, wish.highest, wish.steps, wish.smoothing)
    table = sweep_fold(fold, config, sweep, start_accelerator(config.precision))
    folder = settings.places.rate_sweep(wish.fold, seed)
    found = write_sweep(folder, table)
    for rows, suggestions in found.items():
        print(f"{rows} loss: " + ", ".join(f"{name} {rate:.2e}" for name, rate in suggestions.items()))
    print(f"{len(table)} of {sweep.steps} steps; {folder / 'rates.png'} shows them")
    return {"folder": folder, "steps": len(table), "suggestions": found}


if __name__ == "__main__":
    run(main)
