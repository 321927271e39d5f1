"""The calls about notebooks, their sessions and their submissions that the local Kaggle answers."""

import json
import zlib
from functools import partial
from pathlib import Path

from aiohttp import web

from foldline.files.whole_files import write_text
from foldline.local_kaggle.calls import Call, Method, Served, left_today, refused
from foldline.local_kaggle.evaluation import Evaluation, evaluate
from foldline.local_kaggle.hosted_competition import status_of
from foldline.local_kaggle.session import Specification
from foldline.local_kaggle.sessions import log_of
from foldline.local_kaggle.versions import Versions, files_below, of_version, unpacked

LONGEST_SESSION_SECONDS = 12 * 3600.0
UNSCORED = Evaluation(public_score="", private_score="", error="")
INVALID = {
    "datasetDataSources": "invalidDatasetSources",
    "competitionDataSources": "invalidCompetitionSources",
    "kernelDataSources": "invalidKernelSources",
    "modelDataSources": "invalidModelSources",
}
"""By the kind of a source: where it is listed when it is not there."""


def _save_kernel(call: Call) -> web.Response:
    owner, _, slug = call.fields["slug"].partition("/")
    if owner != call.user:
        return refused(403, "Permission 'kernels.update' was denied")
    notebook = Versions(call.served.memory, "notebooks", owner, slug)
    sources = {kind: {name: _source(call, kind, name) for name in call.fields.get(kind) or []} for kind in INVALID}
    invalid = {INVALID[kind]: [name for name in named if not named[name]] for kind, named in sources.items()}
    known = {kind: [name for name in named if named[name]] for kind, named in sources.items()}
    inputs = {folder: str(path) for named in sources.values() for folder, path in filter(None, named.values())}
    with notebook.new({**call.fields, **known, "inputs": inputs}) as folder:
        write_text(folder / "notebook.ipynb", call.fields["text"])
    number = notebook.latest
    call.served.sessions.begin(_session(notebook, number), _specification(notebook, number))
    address = f"https://www.kaggle.com/code/{notebook.ref}"
    return web.json_response({"ref": f"/code/{notebook.ref}", "url": address, "versionNumber": number, **invalid})


def _source(call: Call, kind: str, name: str) -> tuple[str, Path] | None:
    """What a session finds under which name; None for what is not there."""
    if kind == "competitionDataSources":
        competition = call.served.competitions.get(name)
        return (name, unpacked(competition, call.served.memory)) if competition else None
    owner, slug, number = (*name.split("/"), "0")[:3]
    room, below = {"datasetDataSources": ("datasets", "files")}.get(kind, ("notebooks", "session/working"))
    folder = Versions(call.served.memory, room, owner, slug).folder_of(int(number)) / below
    return (slug, folder) if folder.is_dir() else None


def _session(notebook: Versions, number: int) -> Path:
    return notebook.folder_of(number) / "session"


def _specification(notebook: Versions, number: int) -> Specification:
    facts = notebook.facts(number)
    return Specification(
        notebook=str(notebook.folder_of(number) / "notebook.ipynb"),
        inputs=facts["inputs"],
        has_network=bool(facts.get("enableInternet")),
        seconds=float(facts.get("sessionTimeoutSeconds") or LONGEST_SESSION_SECONDS),
    )


def _get_kernel(call: Call, notebook: Versions, number: int) -> web.Response:
    facts, (owner, slug) = notebook.facts(number), notebook.ref.split("/")
    said = {key: facts[key] for key in ("isPrivate", "enableGpu", "enableTpu", "enableInternet") if facts.get(key)}
    words = {key: facts.get(key) or "" for key in ("language", "kernelType", "dockerImage", "machineShape")}
    named = {"id": zlib.crc32(notebook.ref.encode()), "ref": notebook.ref, "author": owner, "slug": slug}
    title = {"title": facts.get("newTitle") or slug, "currentVersionNumber": notebook.latest}
    metadata = {**named, **title, **said, **words, **{kind: facts[kind] for kind in INVALID}}
    blob = {"source": facts["text"], "slug": slug, "language": words["language"], "kernelType": words["kernelType"]}
    return web.json_response({"metadata": metadata, "blob": blob})


def _get_kernel_session_status(call: Call, notebook: Versions, number: int) -> web.Response:
    outcome = call.served.sessions.outcome(_session(notebook, number))
    shown = {"status": outcome.status, "failureMessage": outcome.message} if outcome else {"status": "RUNNING"}
    return web.json_response(shown)


def _list_kernel_session_output(call: Call, notebook: Versions, number: int) -> web.Response:
    session = _session(notebook, number)
    has_ended = call.served.sessions.outcome(session) is not None
    files = files_below(session / "working") if has_ended else {}
    page, token = call.page([{"fileName": name, "url": call.link(session / "working" / name)} for name in files])
    log = json.dumps([{"stream_name": "stdout", "time": 0.0, "data": log_of(session)}])
    return web.json_response({"files": page, "log": log, "nextPageToken": token})


def _create_code_submission(call: Call, notebook: Versions, number: int) -> web.Response:
    session, name = _session(notebook, number), call.fields.get("fileName", "")
    outcome = call.served.sessions.outcome(session)
    if outcome is None or outcome.status != "COMPLETE" or name not in files_below(session / "working"):
        return refused(400, f"Version {number} of {notebook.ref} has not ended well, or has no file '{name}'")
    if left_today(call) <= 0:
        return refused(400, "You have reached your daily submission limit")
    title, said = notebook.facts(number).get("newTitle") or name, call.fields.get("submissionDescription", "")
    added = call.competition.submissions.add(call.user, title, said, 0, UNSCORED, made=name)
    specification = _specification(notebook, number)
    files = {call.competition.slug: str(unpacked(call.competition, call.served.memory, is_hidden=True))}
    again = specification.model_copy(update={"inputs": {**specification.inputs, **files}})
    call.served.sessions.begin(call.competition.submissions.session(added), again)
    return web.json_response({"message": "Successfully submitted", "ref": added.ref})


def score_ended(served: Served) -> None:
    """Give submissions whose session has ended since their scores."""
    for competition in served.competitions.values():
        submissions = competition.submissions
        for pending in [one for one in submissions.all() if one.status == "PENDING"]:
            session = submissions.session(pending)
            outcome, file = served.sessions.outcome(session), session / "working" / pending.made
            if outcome is None:
                continue
            evaluation = UNSCORED.model_copy(update={"error": outcome.message or f"No file '{pending.made}'"})
            if outcome.status == "COMPLETE" and file.is_file():
                text = file.read_text(encoding="utf-8", errors="replace")
                evaluation = evaluate(text, competition.solution, competition.description.metric)
            scored = {"status": status_of(evaluation), "bytes": file.stat().st_size if file.is_file() else 0}
            submissions.write(pending.model_copy(update={**evaluation.model_dump(), **scored}))


_of_version = partial(of_version, "notebooks", ("userName", "kernelSlug", "kernelVersion"))
METHODS: dict[str, Method] = {
    "SaveKernel": _save_kernel,
    "GetKernel": _of_version(_get_kernel),
    "GetKernelSessionStatus": _of_version(_get_kernel_session_status),
    "ListKernelSessionOutput": _of_version(_list_kernel_session_output),
    "CreateCodeSubmission": of_version(
        "notebooks", ("kernelOwner", "kernelSlug", "kernelVersion"), _create_code_submission
    ),
}
