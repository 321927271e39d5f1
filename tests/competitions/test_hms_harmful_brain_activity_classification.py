"""hms-harmful-brain-activity-classification: shares of votes, spectrograms in parquet files, several labels each."""

import io

import numpy as np
import pandas as pd
from scipy.stats import entropy

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, pixels, zipped

KINDS = ("seizure", "lpd", "gpd", "lrda", "grda", "other")
VOTES = [f"{kind}_vote" for kind in KINDS]


def spectrogram(seed: int) -> bytes:
    power = pd.DataFrame(pixels(seed, 30, 8)[:, :, 0] / 10, columns=[f"LL_{0.59 + place:.2f}" for place in range(8)])
    stored = io.BytesIO()
    power.mask(power > 25).assign(time=np.arange(1, 61, 2)).to_parquet(stored)
    return stored.getvalue()


def voted(count: int, seed: int) -> np.ndarray:
    """Whole votes, each row's of another number of experts."""
    generator = np.random.default_rng(seed)
    return np.stack(
        [generator.multinomial(generator.integers(1, 20), generator.dirichlet(np.ones(6) / 3)) for _ in range(count)]
    )


def draw() -> Miniature:
    votes, hidden = voted(40, 0), voted(8, 1)
    # Of every second recording a second part, voted otherwise.
    recordings = np.sort(np.concatenate([np.arange(40), np.arange(0, 40, 2)]))
    second = np.append(False, np.diff(recordings) == 0)
    table = pd.DataFrame(np.where(second[:, None], votes[::-1][recordings], votes[recordings]), columns=VOTES)
    facts = {
        "eeg_id": recordings + 1628180742,
        "eeg_sub_id": second.astype(int),
        "spectrogram_id": recordings + 353733,
        "spectrogram_sub_id": second.astype(int),
        "label_id": np.arange(len(table)) + 127492639,
        "patient_id": recordings // 2 + 42516,
        "expert_consensus": table.idxmax(axis=1),
    }
    entries = {f"train_spectrograms/{number + 353733}.parquet": spectrogram(number) for number in range(40)}
    entries |= {f"test_spectrograms/{number + 851000}.parquet": spectrogram(number + 100) for number in range(8)}
    entries["train.csv"] = csv(facts | {vote: table[vote] for vote in VOTES})
    test_ids = [str(number + 3911565283) for number in range(8)]
    entries["test.csv"] = csv({"spectrogram_id": np.arange(8) + 851000, "eeg_id": test_ids, "patient_id": 6885})
    entries["sample_submission.csv"] = csv({"eeg_id": test_ids} | dict.fromkeys(VOTES, 1 / 6))
    return Miniature(
        {"hms-harmful-brain-activity-classification.zip": zipped(entries)},
        {str(number + 353733): shares(row) for number, row in enumerate(votes)},
        {row_id: shares(row) for row_id, row in zip(test_ids, hidden, strict=True)},
    )


def shares(votes: np.ndarray) -> tuple[float, ...]:
    return tuple((votes / votes.sum()).tolist())


def test_shares_of_votes(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "hms-harmful-brain-activity-classification.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["eeg_id", *VOTES], exact=True)
    predicted = grading.distributions(submission)
    answers = np.array(list(miniature.answers.values()))
    even = entropy(answers, np.full_like(answers, 1 / 6), axis=1).mean()
    assert entropy(answers, predicted, axis=1).mean() < even / 4
