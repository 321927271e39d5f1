"""The page of uploads: rank correlation and the two to select, by values worked out by hand."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter

from foldline.ensembling.predictions import Predictions
from foldline.ensembling.saved_runs import save_run
from foldline.files.places import Places
from foldline.kaggle.ledger import run_id
from foldline.kaggle.uploads import Upload
from foldline.metrics.metric import Metric
from foldline.report.page import UNKNOWN, Chart, LeftOut, Table, Words
from foldline.report.sections.ledger import comparable, final_two, ledger, rank_correlation
from foldline.report.uploads import Contender, contenders, correlation
from tests.ensembling.finished import write_finished
from tests.ensembling.written import write_predictions
from tests.words import DISTRIBUTION

LOG_LOSS, AUC = (TypeAdapter(Metric).validate_python({"kind": kind}) for kind in ("log_loss", "auc"))


def contender(
    name: str, out_of_fold: float, public: float | None, error: float = 0.01, metric: str = "log_loss"
) -> Contender:
    return Contender(Upload(name, f"2026-11-30T0{len(name)}:00:00Z", public), metric, out_of_fold, error)


def alike(**of: float) -> object:
    """Correlations with the best, by name; None for others."""
    return lambda best, one: of.get(one.upload.run_id)


def test_spearmans_rank_correlation() -> None:
    """Differences of ranks 0, 1, 1, 0: 1 - 6 * 2 / (4 * 15)."""
    assert ranked((1, 10), (2, 30), (3, 20), (4, 40)) == pytest.approx(0.8)
    assert ranked((1, 3), (2, 2), (30, 1)) == pytest.approx(-1)
    # Ties share their rank: (1, 2.5, 2.5, 4) with (1, 2, 3, 4).
    assert ranked((1, 1), (2, 2), (2, 3), (4, 4)) == pytest.approx(4.5 / math.sqrt(4.5 * 5))
    assert math.isnan(ranked((1, 1), (2, 2)))
    assert math.isnan(ranked((1, 1), (1, 2), (1, 3)))
    assert math.isnan(ranked())


def ranked(*pairs: tuple[float, float]) -> float:
    return rank_correlation([(float(own), float(public)) for own, public in pairs])


def test_the_best_and_the_least_alike_of_those_within_one_standard_error() -> None:
    best, near, same, far = (
        contender("best", 0.5, 0.6, error=0.02),
        contender("near", 0.519, 0.55),
        contender("same", 0.51, 0.5),
        contender("far", 0.521, 0.5),
    )
    final = final_two([far, near, best, same], LOG_LOSS, alike(near=0.9, same=0.99, far=0.1))
    assert (final.best, final.other) == (best, near)
    assert final.words == (
        "Select best, the best out of fold (0.50000), and near: of 2 uploads within one standard error (0.02000) of "
        "it, its test predictions are the least correlated with those of the best (0.9000)."
    )
    # Of a metric for which higher is better, the highest.
    assert final_two([far, near, best, same], AUC, alike(near=0.9, same=0.99)).best == far


def test_where_there_is_no_second_one_the_words_say_why() -> None:
    best, near, far = contender("best", 0.5, 0.6), contender("near", 0.505, 0.6), contender("far", 0.6, 0.6)
    alone = final_two([best, far], LOG_LOSS, alike(far=0.5))
    assert alone.words.endswith("No other upload is within one standard error (0.01000) of it.")
    assert "their runs are not saved here: nothing to correlate" in final_two([best, near], LOG_LOSS, alike()).words
    unknown = contender("best", 0.5, 0.6, error=math.nan)
    assert "its run is not saved here" in final_two([unknown, near], LOG_LOSS, alike(near=0.5)).words
    none = final_two([], LOG_LOSS, alike())
    assert (none.best, none.other) == (None, None)
    assert "No upload has an out-of-fold log_loss on record" in none.words


def test_the_section() -> None:
    """Three with both scores in the same order, one without a public score, one of another metric."""
    uploaded = [
        contender("a", 0.5, 0.6),
        contender("bb", 0.4, 0.55),
        contender("ccc", 0.45, 0.56),
        contender("dddd", 0.3, None),
        contender("eeeee", 0.3, 0.9, metric="auc"),
        replace(contender("ffffff", 0.1, 0.1), is_screening=True),
    ]
    assert len(comparable(uploaded, LOG_LOSS)) == 4
    section = ledger(uploaded, LOG_LOSS)
    assert section.title == "Out-of-fold and public scores of 3 uploads: rank correlation +1.00 (Spearman)"
    chart, words, table = section.body
    assert isinstance(chart, Chart) and isinstance(words, Words) and isinstance(table, Table)
    assert [point["upload"] for point in chart.spec["data"]["values"]] == ["a", "bb", "ccc"]
    assert words.text.startswith("Select dddd, the best out of fold (0.30000).")
    assert [str(cell) for cell in table.rows[3]] == [
        "dddd",
        "2026-11-30 04:00",
        "log_loss",
        "0.30000",
        UNKNOWN,
        UNKNOWN,
        "best out of fold",
    ]
    assert str(table.rows[4][2]) == "auc"


def test_this_run_stands_against_every_upload() -> None:
    """Of an error 0.5 is 0.1 better than 0.6, and 0.1 worse than 0.4."""
    uploaded = [
        contender("a", 0.5, 0.6),
        contender("bb", 0.4, 0.5),
        contender("ccc", 0.4, 0.4),
        contender("d", 1.0, None),
    ]
    table = ledger(uploaded, LOG_LOSS, uploaded[1].upload).body[-1]
    assert isinstance(table, Table)
    assert [str(row[5]) for row in table.rows] == ["+0.10000", "this run", "-0.10000", UNKNOWN]
    without = ledger(uploaded, LOG_LOSS, replace(uploaded[1].upload, public_score=None)).body[-1]
    assert isinstance(without, Table)
    assert [str(row[5]) for row in without.rows] == [UNKNOWN, "this run", UNKNOWN, UNKNOWN]


def test_few_uploads_and_none() -> None:
    with pytest.raises(LeftOut):
        ledger([], LOG_LOSS)
    one = ledger([contender("a", 0.5, 0.6)], LOG_LOSS)
    assert one.title == "1 upload has both scores: no rank correlation yet"
    assert not [part for part in one.body if isinstance(part, Chart)]


def test_uploads_are_joined_with_saved_runs_by_their_csv(tmp_path: Path) -> None:
    """Test predictions .5 .5 | .9 .1 against .5 .5 | .1 .9: their correlation is -1."""
    folders = {}
    for best, second in ((0.25, 0.9), (0.125, 0.1)):
        places = write_finished(tmp_path / str(best), best, score=best)
        test = np.array([[0.5, 0.5], [second, 1 - second]], np.float32)
        out_of_fold = np.full((1, 2), 0.5, np.float32)
        metrics = (places.clipped / "metrics.json").read_bytes()
        write_predictions(
            places.clipped,
            Predictions(out_of_fold, test, ("b",), ("t", "u"), np.zeros(1, np.int64), ("cat", "dog"), DISTRIBUTION),
        )
        (places.clipped / "metrics.json").write_bytes(metrics)
        folders[best] = save_run(places, Places("pets", tmp_path).runs, None)
    ids = {best: run_id("pets", f"id,dog\nt,{best}\n".encode()) for best in folders}
    noted = Upload(ids[0.25], "", 0.5, "log_loss", 0.75)
    first, second, gone = contenders([noted, Upload(ids[0.125], ""), Upload("gone", "")], Places("pets", tmp_path))
    assert (first.metric, first.out_of_fold) == ("log_loss", 0.75), "as it was noted when it was uploaded"
    assert (second.metric, second.out_of_fold) == ("log_loss", 0.125)
    assert second.standard_error == pytest.approx(0.1)
    assert (gone.out_of_fold, gone.clipped) == (None, None)
    (other,) = contenders([replace(noted, metric="brier")], Places("pets", tmp_path))
    assert np.isnan(other.standard_error), "that of the saved run is of log_loss"
    assert correlation(first, second) == pytest.approx(-1)
    assert correlation(first, first) == pytest.approx(1)
    assert correlation(first, gone) is None
