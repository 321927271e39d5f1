"""Refuse a wrong parameter, a wrong card, or two that do not fit, before any work is done.

What only torch, timm or albumentations can say of a model, an optimiser or a transform, the stage `dry_run` asks them.

Reads params.yaml and the card whole; writes work/<competition>/checked.json, always the same bytes: every stage comes
after this one, and none becomes stale by it.

foldline check
"""

from pathlib import Path

from foldline.card.card import own_tables, read_card
from foldline.experiment.fitting import refuse_unfit
from foldline.experiment.params import read_params
from foldline.files.whole_files import write_json
from foldline.training.trackers import refuse_absent
from pipelines.answers import Answer
from pipelines.running import parser, read_settings, run


def main() -> Answer:
    argument_parser = parser(__doc__)
    argument_parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="the experiment to check")
    settings = read_settings(argument_parser.parse_args().params)
    params = read_params(settings.params)
    card = read_card(settings.card)
    refuse_unfit(params, card)
    refuse_absent(params.trackers)
    for own in own_tables(card):
        own.load()
    card.metric.dry_run(card.target.truths)
    write_json(settings.places.checked, {"checked": True}, hashed=False)
    print(f"{card.title}: parameters and card are valid")
    return {"competition": card.slug, "title": card.title, "valid": True}


if __name__ == "__main__":
    run(main)
