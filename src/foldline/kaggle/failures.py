"""Why a call to Kaggle failed, and what a person can do about it."""

import difflib

from foldline.files.refusal import Refusal, listed
from foldline.kaggle.client import RATE_LIMITED, CallFailed, Kaggle

UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, SERVER_ERROR = 401, 403, 404, 500
TOKEN_PAGE = "https://www.kaggle.com/settings"
NEW_TOKEN = (
    f"Make one at {TOKEN_PAGE} (API, Create New Token) and put it into the variable KAGGLE_API_TOKEN, or the file "
    "kaggle.json into ~/.kaggle/ (chmod 600)."
)
BY_HAND = "`python -m pipelines.download --from FOLDER_OR_ZIP` takes files that you have."


def explained(failure: CallFailed, competition: str, kaggle: Kaggle) -> Refusal:
    """The refusal for `failure` in a call about `competition`; a misspelt one is looked up with `kaggle`."""
    if failure.kind == "credentials":
        return Refusal(f"Kaggle needs a token, and there is none. {NEW_TOKEN}")
    if failure.kind == "network":
        return Refusal(
            f"Kaggle cannot be reached ({failure.message}). Check the network and proxy variables. {BY_HAND}"
        )
    if failure.kind == "stalled":
        return Refusal(f"Kaggle stalled: {failure.message}. Nothing was kept; run it again later. {BY_HAND}")
    if failure.kind == "upload":
        return Refusal(f"Kaggle did not take the file ({failure.message}); no submission was spent. Run it again.")
    if failure.kind == "http":
        return _http(failure, competition, kaggle)
    return Refusal(f"The kaggle client failed for `{competition}`: {failure.message}. Run it again. {BY_HAND}")


def _http(failure: CallFailed, competition: str, kaggle: Kaggle) -> Refusal:
    page = f"https://www.kaggle.com/competitions/{competition}"
    said = f"Kaggle answered {failure.status}: {failure.message}."
    if failure.status == UNAUTHENTICATED:
        return Refusal(
            f"Kaggle does not accept the token. {said} {NEW_TOKEN} A stale KAGGLE_API_TOKEN or ~/.kaggle/access_token "
            "comes before a good kaggle.json: remove it."
        )
    if failure.status == NOT_FOUND:
        return Refusal(
            f"There is no competition `{competition}`. {said} {_close(competition, kaggle)}Correct `competition` in "
            f"params.yaml and the card's name: the slug is the last part of the competition's address."
        )
    if failure.status == FORBIDDEN:
        return Refusal(
            f"Kaggle does not give access to `{competition}`. {said} Accept the rules at {page}/rules (Join "
            f"Competition; a telephone number may have to be verified), or "
            f"correct the slug. {_close(competition, kaggle)}"
        )
    if failure.status == RATE_LIMITED:
        wait = f"{failure.retry_after} seconds" if failure.retry_after else "some minutes"
        return Refusal(f"Kaggle has had too many requests from you. {said} Wait {wait} and run it again.")
    if failure.status >= SERVER_ERROR:
        return Refusal(f"Kaggle itself has trouble. {said} Run it again later.")
    return Refusal(f"Kaggle refuses the request about `{competition}`. {said} See {page}.")


def _close(competition: str, kaggle: Kaggle) -> str:
    """A hint at what may have been meant, where Kaggle's listing still works."""
    try:
        words = max(competition.split("-"), key=len)
        known = {slug for search in ("", words) for slug in kaggle.competitions(search)}
    except CallFailed:
        return ""
    close = difflib.get_close_matches(competition, sorted(known - {competition}), n=3)
    return f"Did you mean {listed(close)}? " if close else ""
