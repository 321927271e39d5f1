"""A progress bar for whoever waits at a terminal: none in a log, none for what is done within a second."""

from functools import partial

from tqdm import tqdm

progress = partial(tqdm, disable=None, delay=1.0, leave=False)
"""As tqdm, whose `disable=None` means: only where standard error is a terminal."""
