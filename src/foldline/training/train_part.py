"""What all kinds of the parts of `train` share: their keys and what is built of them stand side by side in one class.

The stage `check` reads them without torch, whose start takes seconds. So a module of kinds imports torch within the
methods that build, and takes torch's types for its signatures from here: at run time these say nothing of the type,
while shapes and kinds of numbers are checked as ever.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from foldline.params.own import Own
from foldline.params.section import Section

if TYPE_CHECKING:
    from accelerate import Accelerator as Accelerator
    from torch import Tensor as Tensor
    from torch.nn import Module as Module
    from torch.optim import Optimizer as Optimizer
else:
    Accelerator = Tensor = Module = Optimizer = Any


class Kind(Section):
    """A part of `train`, or a kind of one."""

    if TYPE_CHECKING:
        kind: Any
    speaks_of_one_class: ClassVar[bool] = False
    """Whether it needs targets that say one class for each image."""
    instead: ClassVar[str] = "none"
    """The kind to take where it does not fit."""
    epoch_keys: ClassVar[tuple[str, ...]] = ()
    """Its keys that count epochs: none may exceed the training's."""


class OwnKind(Kind, Own):
    """One in a file of one's own (docs/own-code.md). Name it last among a class's bases: it allows further keys."""

    def made(self, called_with: str) -> Callable[..., Any]:
        """What the class, or function, gives for the section's further keys; to be called with what is said."""
        make = self.load()
        with self.blamed():
            made = make(**self.arguments)
        if not callable(made):
            raise self.refusal(f"gives {type(made).__name__}, which cannot be called with {called_with}.")
        return made
