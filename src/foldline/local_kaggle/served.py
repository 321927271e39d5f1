"""What the local Kaggle serves, and one request for it."""

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from foldline.local_kaggle.competition import Competition
from foldline.local_kaggle.faults import Faults
from foldline.local_kaggle.submissions import Submissions

DEFAULT_PAGE_SIZE = 20
MOST_PER_PAGE = 200


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
