"""The public leaderboard: each user's best public score, best first."""

from typing import Any

from foldline.local_kaggle.scores import score_of
from foldline.local_kaggle.submissions import Submission


def standings(submissions: list[Submission], metric: str) -> list[dict[str, Any]]:
    """Lines as the API shows them; equal scores in the order of their dates."""
    sign = -1 if score_of(metric).higher_is_better else 1
    scored = [submission for submission in submissions if submission.public_score]
    ranked = sorted(scored, key=lambda submission: (sign * float(submission.public_score), submission.date))
    best: dict[str, Submission] = {}
    for submission in ranked:
        best.setdefault(submission.user, submission)
    return [
        {"teamId": number, "teamName": user, "submissionDate": submission.date, "score": submission.public_score}
        for number, (user, submission) in enumerate(best.items(), 1)
    ]
