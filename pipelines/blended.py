"""What `pipelines.blend` shows and writes."""

from collections.abc import Sequence

from foldline.archive.archives import open_archives
from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.competition.sample import read_sample
from foldline.competition.submission_check import check_submission
from foldline.competition.submission_file import write_submission
from foldline.ensembling.chain import FitData
from foldline.ensembling.predictions import read_predictions
from foldline.ensembling.runs import agreement
from foldline.ensembling.scales import Scale
from foldline.ensembling.scoring import Scorer
from foldline.files.places import Places
from foldline.files.whole_files import whole_file
from foldline.metrics.decisions.rules import read_rule
from pipelines.answers import Answer
from pipelines.tables import print_columns


def print_agreement(names: Sequence[str], data: FitData, rows: int, scorer: Scorer, scale: Scale) -> Answer:
    """Each run's score, its correlation with the others, and how often they name other classes (also returned).

    data: of all `rows` those that weights are fitted on, which of very many are a part."""
    inputs = tuple(map(scale.predictions, data.inputs[: len(names)]))
    alike = agreement(inputs, scale.form)
    scores = [scorer.score(data.targets, one) for one in inputs]
    lines = [
        (name, f"{score:.6f}", *(f"{like:.4f} / {other:.4f}" for like, other in zip(*pairs, strict=True)))
        for name, score, *pairs in zip(names, scores, alike.correlation, alike.disagreement, strict=True)
    ]
    part = f"; of {len(data.targets)} of {rows} rows" if len(data.targets) < rows else ""
    title = f"correlation / fraction of rows with other classes{part}"
    print_columns(("run", scorer.metric.name, *names), lines, title)
    runs = [{"run": name, "score": score} for name, score in zip(names, scores, strict=True)]
    return {"runs": runs, "correlation": alike.correlation, "disagreement": alike.disagreement}


def write_csv(places: Places, form: Submission, target: Target) -> None:
    """The submission of work/<slug>/blend, read back and checked before it takes its place."""
    with open_archives(places.manifest) as archives:
        sample = read_sample(archives, form)
    rule = read_rule(places.blend / "rule.json")
    with whole_file(places.blend_submission) as partial:
        write_submission(partial, sample, read_predictions(places.blend), rule, form, target)
        check_submission(partial, sample, form, form.sums_to_one(target))
    print(f"{places.blend_submission}: {len(sample.ids)} rows; valid: matches {form.sample.name}")
