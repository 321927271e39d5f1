from pathlib import Path

import pytest

from foldline.files.refusal import Refusal
from foldline.kaggle.receipt import Receipt, read_receipt, write_receipt

RECEIPT = Receipt(
    competition="digits",
    run_id="1a",
    ref=7,
    status="complete",
    public_score="0.50000",
    private_score="",
    metric="log_loss",
    out_of_fold_score=0.5,
)


def test_round_trip(tmp_path: Path) -> None:
    write_receipt(tmp_path / "receipt.json", RECEIPT)
    assert read_receipt(tmp_path / "receipt.json") == RECEIPT


def test_a_damaged_receipt(tmp_path: Path) -> None:
    path = tmp_path / "receipt.json"
    write_receipt(path, RECEIPT)
    path.write_text(path.read_text().replace('"complete"', '"done"'))
    with pytest.raises(Refusal, match="`status` is 'done'"):
        read_receipt(path)
