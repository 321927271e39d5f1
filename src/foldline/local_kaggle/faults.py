"""What a test can make the local Kaggle do wrong, as the real one sometimes does."""

from dataclasses import dataclass


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
