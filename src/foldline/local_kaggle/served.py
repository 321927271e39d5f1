"""What the local Kaggle serves, what it does wrong when a test wishes, and one request for it."""

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from foldline.local_kaggle.competition import Competition
from foldline.local_kaggle.submissions import Submissions

DEFAULT_PAGE_SIZE = 20
MOST_PER_PAGE = 200


@dataclass
class Faults:
    """All off; a test sets what it needs, also while the server runs."""

    wrong_token: bool = False
    rules_not_accepted: bool = False
    too_many_requests: int = 0
    """How many of the next calls are answered with 429."""
    stalled: bool = False
    """Calls are never answered."""
    failed_upload: bool = False
    lost_reply_seconds: float = 0.0
    """CreateSubmission counts, and its answer comes so late that nobody waits for it."""
    no_submissions_left: bool = False
    pending_looks: int = 0
    """How many of the next looks at submissions still find them pending."""
    cut_downloads: int = 0
    """How many of the next downloads are cut in the middle."""
    truncated_archive: bool = False
    """The archive is whole as far as HTTP can tell, but its last bytes are missing."""


@dataclass
class Upload:
    file_name: str
    content: bytes = b""


@dataclass(frozen=True)
class Served:
    competitions: dict[str, Competition]
    submissions: dict[str, Submissions]
    faults: Faults
    uploads: dict[str, Upload] = field(default_factory=dict)


SERVED = web.AppKey("served", Served)


@dataclass(frozen=True)
class Call:
    """One request, with what is needed to answer it."""

    served: Served
    fields: dict[str, Any]
    user: str
    origin: str
    """Scheme and host as the client sees them; links in answers begin with it."""

    @property
    def competition(self) -> Competition:
        return self.served.competitions[self.fields["competitionName"]]

    @property
    def submissions(self) -> Submissions:
        return self.served.submissions[self.fields["competitionName"]]

    def page(self, entries: list[Any]) -> tuple[list[Any], str]:
        """The entries of the page asked for, and the next page's token."""
        size = min(self.fields.get("pageSize") or DEFAULT_PAGE_SIZE, MOST_PER_PAGE)
        number = max(self.fields.get("page") or 1, 1) - 1
        start = int(self.fields.get("pageToken") or number * size)
        token = str(start + size) if start + size < len(entries) else ""
        return entries[start : start + size], token


def refused(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"code": status, "message": message}, status=status, headers=headers)
