"""How long a first experiment takes, and how many folds and epochs fit into a person's minutes."""

from dataclasses import dataclass

from foldline.files.refusal import Refusal

FEWEST_EPOCHS = 3
"""Below this another fold is worth less than another epoch."""
MOST_EPOCHS = 10
"""Beyond these a first experiment has little to gain: a larger model, or larger images, have more."""
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
        minutes = self.seconds / MINUTE
        return f"about {minutes:.0f} minutes" if minutes < MINUTE else f"about {minutes / MINUTE:.1f} hours"


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
        """Each training is validated after every epoch, and predicts its own fold and the test images."""
        held_out = self.train_images / self.folds
        per_epoch = (self.train_images - held_out) / self.learned + held_out / self.predicted
        predictions = self.views * (held_out + self.test_images) / self.predicted
        return Length(folds, epochs, folds * (START_SECONDS + epochs * per_epoch + predictions))

    def within(self, minutes: float) -> Length:
        """As many folds as get FEWEST_EPOCHS each, with as many epochs as then fit; at least one fold and one epoch.
        Raises Refusal where these take longer."""
        tried = [(folds, FEWEST_EPOCHS) for folds in range(self.folds, 0, -1)]
        for folds, least in [*tried, (1, 1)]:
            lengths = [self.of(folds, epochs) for epochs in range(least, MOST_EPOCHS + 1)]
            fitting = [length for length in lengths if length.seconds <= minutes * MINUTE]
            if fitting:
                return fitting[-1]
        raise Refusal(
            f"--minutes {minutes:g}: one epoch of one fold takes {self.of(1, 1).seconds / MINUTE:.1f} minutes here "
            f"({self.learned:.0f} images a second). Allow more, or name a smaller model with --model."
        )
