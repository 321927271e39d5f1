"""The arithmetic of forward and backward passes; weights and logits are float32 whatever it is."""

from typing import Literal

Precision = Literal["float32", "bfloat16", "float16"]
