"""How long a first experiment takes, and how many folds and epochs fit into a person's minutes."""

from dataclasses import dataclass

from foldline.files.refusal import Refusal, counted

FEWEST_EPOCHS = 3
"""Below this another fold is worth less than another epoch."""
MOST_EPOCHS = 10
"""More were not measured (docs/first-experiment.md)."""
START_SECONDS = 15.0
"""Of a training and its prediction together, before their first image: imports, mostly."""
MINUTE = 60.0


@dataclass(frozen=True)
class Length:
    """Of an experiment."""

    folds: int
    """That are trained, of those into which rows are split."""
    epochs: int
    seconds: float
    """That it is expected to take."""

    @property
    def words(self) -> str:
        minutes = max(round(self.seconds / MINUTE), 1)
        return f"about {counted(minutes, 'minute', 'minutes')}" if minutes < 60 else f"about {minutes / 60:.1f} hours"


@dataclass(frozen=True)
class Costs:
    """What is known of an experiment before it runs."""

    train_images: int
    test_images: int
    learned: float
    """Images per second in training, by all processes together."""
    predicted: float
    """Images per second under one view, by all processes together."""
    folds: int
    """Into which rows are split."""
    views: int

    def of(self, folds: int, epochs: int) -> Length:
        """Each training is validated after every epoch, and predicts its own fold and the test images. Without an epoch
        each image is seen once per view, for all folds (training/frozen.py)."""
        held_out = self.train_images / self.folds
        if epochs == 0:
            seen = self.views * (self.train_images + self.test_images) / self.predicted
            return Length(folds, 0, folds * START_SECONDS + seen)
        learning = epochs * ((self.train_images - held_out) / self.learned + held_out / self.predicted)
        predictions = self.views * (held_out + self.test_images) / self.predicted
        return Length(folds, epochs, folds * (START_SECONDS + learning + predictions))

    def within(self, minutes: float) -> Length:
        """As many folds as get FEWEST_EPOCHS each, with as many epochs as then fit; else one fold with fewer; else as
        many as fit without any. Raises Refusal where one of these takes longer."""
        counts = range(self.folds, 0, -1)
        tried = [(folds, range(MOST_EPOCHS, FEWEST_EPOCHS - 1, -1)) for folds in counts]
        tried += [(1, range(FEWEST_EPOCHS - 1, 0, -1)), *((folds, range(1)) for folds in counts)]
        lengths = (self.of(folds, epochs) for folds, of_each in tried for epochs in of_each)
        fitting = next((length for length in lengths if length.seconds <= minutes * MINUTE), None)
        if fitting is None:
            raise Refusal(
                f"--minutes {minutes:g}: one fold takes {self.of(1, 0).seconds / MINUTE:.1f} minutes here even without "
                f"an epoch ({self.predicted:.0f} images a second). Allow more, or name a smaller model with --model."
            )
        return fitting
