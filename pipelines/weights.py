"""Put the starting weights of the model's backbone into one file, so that all folds start from the same bytes.

Reads the hub, a file or a folder below input/weights, or nothing, as the section `weights` says. Writes
work/<slug>/weights.safetensors (no tensors when the start is random: that is drawn by `train`, from its seed).
Parameters: weights, train.model.name.
"""

from foldline.config.train import Train
from foldline.config.weights import Weights
from foldline.learning.starting_weights import fetch_weights
from pipelines.running import parser, read_settings, run


def main() -> None:
    parser(__doc__).parse_args()
    settings = read_settings()
    weights = settings.section("weights", Weights)
    name = settings.section("train", Train).model.name
    source = fetch_weights(settings.places.weights, weights, name, settings.places.own_weights)
    print(f"{settings.places.weights}: " + ", ".join(f"{key} {value}" for key, value in source.items()))


if __name__ == "__main__":
    run(main)
