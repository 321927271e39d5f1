"""Put the starting weights of the model's backbone into one file, so that all folds start from the same bytes.

Reads the hub, a file or a folder below input/weights, or nothing, as the section `weights` says. Writes
work/<slug>/weights.safetensors (no tensors when the start is random: that is drawn by `train`, from the seed).
Parameters: weights, train.model.name.
"""

from foldline.training.weights import Weights
from pipelines.answers import Answer
from pipelines.running import parser, read_settings, run


def main() -> Answer:
    parser(__doc__).parse_args()
    settings = read_settings()
    weights = settings.section("weights", Weights)
    name = settings.section("train.model.name", str)
    path = settings.places.weights
    source = weights.write(path, name, settings.places.own_weights)
    for mine, theirs in source.get("mapping", {}).items():
        print(f"  {theirs} -> {mine}")
    print(f"{path}: " + ", ".join(f"{key} {value}" for key, value in source.items() if key != "mapping"))
    return {"weights": path, **source}


if __name__ == "__main__":
    run(main)
