"""What the local Kaggle remembers: one json per submission, shared by all servers of a folder; and the leaderboard."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from foldline.files.whole_files import locked, read_json, write_json
from foldline.local_kaggle.judge import Verdict
from foldline.metrics.metric import Metric
from foldline.params.section import Section, parse


class Submission(Section):
    ref: int
    user: str
    file_name: str
    description: str
    date: str
    """UTC, as Kaggle writes it: 2026-11-22T01:27:57.281Z."""
    status: Literal["COMPLETE", "ERROR"]
    public_score: str
    private_score: str
    error: str
    bytes: int


class Submissions:
    """The submissions to the competition `slug`, below `memory`."""

    def __init__(self, memory: Path, slug: str) -> None:
        self.memory = memory
        self.folder = memory / slug / "submissions"

    def all(self) -> list[Submission]:
        """Newest first, as Kaggle lists them."""
        paths = sorted(self.folder.glob("*.json"), key=lambda path: int(path.stem), reverse=True)
        return [parse(read_json(path), Submission, str(path)) for path in paths]

    def add(self, user: str, file_name: str, description: str, size: int, verdict: Verdict) -> Submission:
        with locked(self.memory / "submissions.lock"):
            # A ref names a submission among those to all competitions, and is not used again when memory is cleared.
            refs = (int(path.stem) for path in self.memory.glob("*/submissions/*.json"))
            ref = max(int(time.time()), max(refs, default=0) + 1)
            submission = Submission(
                ref=ref,
                user=user,
                file_name=file_name,
                description=description,
                date=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
                status="ERROR" if verdict.error else "COMPLETE",
                public_score=verdict.public_score,
                private_score=verdict.private_score,
                error=verdict.error,
                bytes=size,
            )
            write_json(self.folder / f"{ref}.json", submission.model_dump())
        return submission

    def counted_today(self, user: str) -> int:
        """As on Kaggle, the day begins at 00:00 UTC, and a submission that ends in an error is not counted."""
        today = datetime.now(UTC).date().isoformat()
        return sum(
            submission.user == user and submission.status == "COMPLETE" and submission.date.startswith(today)
            for submission in self.all()
        )


def standings(submissions: list[Submission], metric: Metric) -> list[dict[str, Any]]:
    """The public leaderboard as the API shows it: each user's best score, equal ones in the order of their dates."""
    sign = -1 if metric.higher_is_better else 1
    scored = [submission for submission in submissions if submission.public_score]
    ranked = sorted(scored, key=lambda submission: (sign * float(submission.public_score), submission.date))
    best: dict[str, Submission] = {}
    for submission in ranked:
        best.setdefault(submission.user, submission)
    return [
        {"teamId": number, "teamName": user, "submissionDate": submission.date, "score": submission.public_score}
        for number, (user, submission) in enumerate(best.items(), 1)
    ]
