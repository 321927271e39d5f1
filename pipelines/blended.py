"""What `pipelines.blend` shows and writes."""

from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from foldline.archive.archives import open_archives
from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.competition.sample import read_sample
from foldline.competition.submission import write_submission
from foldline.competition.submission_check import check_submission
from foldline.ensembling.blending import Parts, agreement
from foldline.ensembling.chain import Evidence, Judge, NestedChain
from foldline.ensembling.clipping import NAME, fill_clipped, fill_cross_fitted, score_clipped
from foldline.ensembling.gains import Gain, gains_metrics, gains_table, write_gains
from foldline.ensembling.probabilities import Probabilities, create_like, read_probabilities
from foldline.ensembling.scales import Scale
from foldline.ensembling.scoring import blend_metrics
from foldline.files.places import Places
from foldline.files.whole_files import whole_file, whole_folder, write_json
from foldline.metrics.decisions.rules import Rule, read_rule, write_rule
from pipelines.answers import Answer
from pipelines.summary import print_gains


def print_agreement(names: Sequence[str], evidence: Evidence, judge: Judge, scale: Scale) -> Answer:
    """Each run's score, its correlation with the others, and how often they name other classes (also returned)."""
    inputs = tuple(map(scale.predictions, evidence.inputs[: len(names)]))
    alike = agreement(inputs, scale.form)
    table = Table("run", judge.metric.name, *names, title="correlation / share of rows with other classes")
    scores = [judge.score(evidence.targets, one) for one in inputs]
    for at, (name, score) in enumerate(zip(names, scores, strict=True)):
        pairs = zip(alike.correlation[at], alike.disagreement[at], strict=True)
        table.add_row(name, f"{score:.6f}", *(f"{like:.4f} / {other:.4f}" for like, other in pairs))
    Console().print(table)
    runs = [{"run": name, "score": score} for name, score in zip(names, scores, strict=True)]
    return {"runs": runs, "correlation": alike.correlation, "disagreement": alike.disagreement}


def write_blend(
    places: Places,
    first: Probabilities,
    parts: Parts,
    truth: tuple[Judge, np.ndarray],
    chain: NestedChain,
    left_out: Sequence[Gain],
    rule: Rule,
) -> Answer:
    """The folder work/<slug>/blend; `rule` stands in where none is fitted."""
    judge, targets = truth
    gains = [*chain.gains, *left_out]
    with whole_folder(places.blend) as folder:
        blend = create_like(first, folder)
        fill_cross_fitted(blend.out_of_fold, parts.out_of_fold.source, first.folds, chain)
        fill_clipped(blend.test, parts.test.source, chain.whole)
        after = score_clipped(judge, targets, blend, chain)
        metrics = blend_metrics(judge.metric, after, len(targets)) | {"gains": gains_metrics(gains)}
        write_json(folder / "metrics.json", metrics)
        write_rule(folder / "rule.json", chain.whole.setting(NAME, rule))
        write_gains(folder / "gains.csv", gains_table(gains))
    print_gains(gains_table(gains))
    print(f"blend: out-of-fold {judge.metric.name} {after.pooled:.6f} on {len(targets)} rows")
    return metrics


def write_csv(places: Places, form: Submission, target: Target) -> None:
    """The submission of work/<slug>/blend, read back and checked before it takes its place."""
    with open_archives(places.manifest) as archives:
        sample = read_sample(archives, form)
    rule = read_rule(places.blend / "rule.json")
    with whole_file(places.blend_submission) as partial:
        write_submission(partial, sample, read_probabilities(places.blend), rule, form, target)
        check_submission(partial, sample, form, form.sums_to_one(target))
    print(f"{places.blend_submission}: {len(sample.ids)} rows; valid: matches {form.sample.name}")
