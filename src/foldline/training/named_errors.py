"""Errors of a training as refusals that name the key of params.yaml which asked for what failed."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from foldline.files.refusal import Refusal
from foldline.training.backbones import first_line
from foldline.training.train_section import Train


@contextmanager
def named_part(config: Train) -> Iterator[None]:
    """Any error but a Refusal becomes one that names the part of `train` whose code, or whose library, raised it."""
    try:
        yield
    except Refusal:
        raise
    except Exception as error:
        key = part_of(error, config)
        if key is None:
            raise
        raise Refusal(
            f"train.{key} cannot be had as it is: on two images of noise it fails ({first_line(error)}). Change its "
            "keys, or use another."
        ) from None


LIBRARIES = {
    "timm.optim.": "optimizer",
    "torch.optim.": "optimizer",
    "timm.": "model",
    "albumentations.": "augmentation",
}
OF_THE_MODEL = ("foldline.training.models", "foldline.training.layers", "foldline.training.networks")


def part_of(error: Exception, config: Train) -> str | None:
    """The key of the part whose method, or whose library's code, was running: the innermost one. None for none."""
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        module, name = f"{frame.f_globals.get('__name__', '')}.", frame.f_code.co_qualname
        for key, part in config.kinds.items():
            classes = {f"{kind.__module__}.{kind.__qualname__}." for kind in type(part).__mro__}
            if any(f"{module}{name}".startswith(one) for one in classes):
                return key
        found = next((key for library, key in LIBRARIES.items() if module.startswith(library)), None)
        if found is not None or module.startswith(OF_THE_MODEL):
            return found or "model"
    return None


@contextmanager
def naming_the_section() -> Iterator[None]:
    """Around what knows the keys of `train` alone."""
    try:
        yield
    except Refusal as refusal:
        raise Refusal(f"{refusal} Seen in the pretext: but for train.model, its own keys are meant.") from None
