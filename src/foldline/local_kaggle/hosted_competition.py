"""A competition that the local Kaggle serves: a folder with `files/`, `solution.csv` and `competition.yaml`.

Its state is one JSON file per submission, written atomically, shared by all servers of a folder.
"""

import csv
import io
import time
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PositiveInt

from foldline.archive.archives import Archives
from foldline.archive.locating import located_file
from foldline.files.equal_zips import write_archive
from foldline.files.refusal import Refusal, listed
from foldline.files.whole_files import locked, read_json, sha256_of_json, write_json
from foldline.local_kaggle.evaluation import Evaluation, Solution, read_solution
from foldline.metrics.metric import Metric
from foldline.params.section import Section, parse
from foldline.params.yaml_files import read_yaml


def _of_name(metric: object) -> object:
    return {"kind": metric} if isinstance(metric, str) else metric


class Description(Section):
    """`competition.yaml`."""

    title: str
    metric: Annotated[Metric, BeforeValidator(_of_name)]
    """As in a card, `{kind: map_at_k, k: 5}`, or the name of one without keys: `accuracy`."""
    sample: str
    """The sample submission's path inside the files: its columns are those that a submission must have."""
    extra_columns: Literal["ignored", "refused"]
    """What happens to a submission's columns that the sample submission does not have."""
    submissions_per_day: PositiveInt
    state: Literal["running", "closed"]
    """While it is running, private scores are hidden."""
    range: tuple[float, float] | None = None
    """Of the numbers in a submission."""


@dataclass(frozen=True)
class Competition:
    slug: str
    description: Description
    archive: Path
    """The one zip with all files."""
    hidden: Path | None
    """That of the files for sessions that are scored, where the folder has `hidden/`."""
    solution: Solution
    submissions: "Submissions"

    def leaderboard(self) -> list[dict[str, Any]]:
        """The public leaderboard as the API shows it."""
        return leaderboard(self.submissions.all(), self.description.metric)

    @property
    def files(self) -> dict[str, int]:
        """Sizes in bytes by name."""
        with zipfile.ZipFile(self.archive) as archive:
            return {member.filename: member.file_size for member in archive.infolist() if not member.is_dir()}

    def content(self, name: str) -> bytes:
        with zipfile.ZipFile(self.archive) as archive:
            return archive.read(name)


def read_competition(folder: Path, slug: str, memory: Path) -> Competition:
    """The competition in `folder`; loose files are zipped once, below `memory`. Raises Refusal for what is missing."""
    for name in ("files", "solution.csv", "competition.yaml"):
        if not (folder / name).exists():
            raise Refusal(
                f"{folder}/{name} does not exist. A competition for the local Kaggle is a folder with files/ (one zip, "
                "or loose files), solution.csv and competition.yaml: see `foldline local-kaggle --help`."
            )
    description = parse(read_yaml(folder / "competition.yaml"), Description, str(folder / "competition.yaml"))
    archive = _archive(folder / "files", memory / slug)
    columns = _sample_columns(archive, description.sample)
    solution = read_solution(folder / "solution.csv", columns, description.extra_columns, description.range)
    hidden = _archive(folder / "hidden", memory / slug) if (folder / "hidden").is_dir() else None
    return Competition(slug, description, archive, hidden, solution, Submissions(memory, slug))


def _archive(files: Path, cache: Path) -> Path:
    paths = {path.relative_to(files).as_posix(): path for path in sorted(files.rglob("*")) if path.is_file()}
    if not paths:
        raise Refusal(f"{files} is empty. Put the competition's files there: one zip, or loose files.")
    first = next(iter(paths.values()))
    if len(paths) == 1 and zipfile.is_zipfile(first):
        return first
    listing = [(name, path.stat().st_size, path.stat().st_mtime_ns) for name, path in paths.items()]
    archive = cache / f"{files.name}-{sha256_of_json([str(files.resolve()), listing])[:12]}.zip"
    with locked(cache / f"{files.name}.lock"):
        if not archive.exists():
            write_archive(archive, ((name, path.read_bytes()) for name, path in paths.items()))
    return archive


def _sample_columns(archive: Path, sample: str) -> tuple[str, ...]:
    with Archives(archive.parent, [archive.name]) as archives:
        columns = next(csv.reader(io.StringIO(archives.read(located_file(archives, sample)).decode("utf-8-sig"))), [])
    if len(columns) < 2:
        raise Refusal(f"{archive}: `{sample}` must have an id column and at least one more, found {listed(columns)}.")
    return tuple(columns)


def status_of(evaluation: Evaluation) -> Literal["COMPLETE", "ERROR"]:
    return "ERROR" if evaluation.error else "COMPLETE"


class Submission(Evaluation):
    ref: int
    user: str
    file_name: str
    description: str
    date: str
    """UTC, as Kaggle writes it: 2026-11-22T01:27:57.281Z."""
    status: Literal["PENDING", "COMPLETE", "ERROR"]
    bytes: int
    made: str = ""
    """The file of a session, which is scored when that ends; empty for one that was uploaded."""


class Submissions:
    """The submissions to the competition `slug`, below `memory`."""

    def __init__(self, memory: Path, slug: str) -> None:
        self.memory, self.slug = memory, slug
        self.folder = memory / slug / "submissions"

    def all(self) -> list[Submission]:
        """Newest first, as Kaggle lists them."""
        paths = sorted(self.folder.glob("*.json"), key=lambda path: int(path.stem), reverse=True)
        return [parse(read_json(path), Submission, str(path)) for path in paths]

    def session(self, submission: Submission) -> Path:
        """The folder of the session that makes its file."""
        return self.memory / self.slug / "sessions" / str(submission.ref)

    def add(
        self, user: str, file_name: str, description: str, size: int, evaluation: Evaluation, made: str = ""
    ) -> Submission:
        """made: the file of a session that is to be scored when that ends."""
        with locked(self.memory / "submissions.lock"):
            # A ref is unique among all competitions, and is not reused when the folder is cleared.
            refs = (int(path.stem) for path in self.memory.glob("*/submissions/*.json"))
            ref = max(int(time.time()), max(refs, default=0) + 1)
            submission = Submission(
                ref=ref,
                user=user,
                file_name=file_name,
                description=description,
                date=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
                status="PENDING" if made else status_of(evaluation),
                bytes=size,
                made=made,
                **evaluation.model_dump(),
            )
            self.write(submission)
        return submission

    def write(self, submission: Submission) -> None:
        write_json(self.folder / f"{submission.ref}.json", submission.model_dump())

    def counted_today(self, user: str) -> int:
        """As on Kaggle, the day begins at 00:00 UTC, and a submission that ends in an error is not counted."""
        today = datetime.now(UTC).date().isoformat()
        return sum(
            submission.user == user and submission.status != "ERROR" and submission.date.startswith(today)
            for submission in self.all()
        )


def leaderboard(submissions: list[Submission], metric: Metric) -> list[dict[str, Any]]:
    """The public leaderboard as the API shows it: each user's best score; ties in the order of their dates."""
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
