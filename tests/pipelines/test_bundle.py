from pathlib import Path

import pytest

from foldline.files.refusal import Refusal
from foldline.files.whole_files import write_json
from pipelines.bundle import refuse_unproven


def test_only_what_was_proven_is_pushed(tmp_path: Path) -> None:
    """And of two bundles the one that was."""
    proof = tmp_path / "proof.json"
    with pytest.raises(Refusal, match=r"this bundle was not proven, .* Run `foldline bundle --prove --push`\."):
        refuse_unproven(proof, "1" * 64)
    write_json(proof, {"bundle": "0" * 64})
    with pytest.raises(Refusal, match="was not proven"):
        refuse_unproven(proof, "1" * 64)
    refuse_unproven(proof, "0" * 64)
