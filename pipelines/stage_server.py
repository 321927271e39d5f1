"""The process whose forks are the stages of one `dvc repro` (foldline/fan_out/warm_stages.py).

The first stage that needs torch starts it, and it ends with DVC. Not for people.
"""

import sys
from pathlib import Path

import foldline
import pipelines
from foldline.fan_out.warm_stages import serve

HEAVY = ("pipelines.fold_training", "pipelines.fold_prediction", "foldline.training.dry_run", "pandas.core.api")
"""What trainings and predictions import, and with them nearly all of what the stages after them do."""

if __name__ == "__main__":
    door, life = map(int, sys.argv[1:])
    serve(door, life, HEAVY, [Path(package.__path__[0]) for package in (foldline, pipelines)])
