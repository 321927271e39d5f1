"""The calls about datasets that the local Kaggle answers."""

from functools import partial
from typing import Any

from aiohttp import web

from foldline.local_kaggle.calls import Call, Method, listing, new_upload, refused
from foldline.local_kaggle.versions import Versions, files_below, of_version, put_file


def _start_blob_upload(call: Call) -> web.Response:
    return new_upload(call, call.fields["name"], call.fields.get("contentLength", 0))


def _create_dataset(call: Call) -> web.Response:
    dataset = _dataset(call, call.fields["slug"])
    if dataset.latest:
        return web.json_response({"status": "error", "error": f"The dataset {dataset.ref} is there already"})
    return _add_version(call, dataset, call.fields, call.fields)


def _create_dataset_version(call: Call) -> web.Response:
    dataset = _dataset(call, call.fields["datasetSlug"])
    if not dataset.latest:
        return refused(404, f"Dataset '{dataset.ref}' not found")
    return _add_version(call, dataset, dataset.facts(), call.fields["body"])


def _dataset(call: Call, slug: str) -> Versions:
    return Versions(call.served.memory, "datasets", call.fields["ownerSlug"], slug)


def _add_version(call: Call, dataset: Versions, facts: dict[str, Any], body: dict[str, Any]) -> web.Response:
    if call.fields["ownerSlug"] != call.user:
        return refused(403, "Permission 'datasets.update' was denied")
    uploads = [call.served.uploads.get(file.get("token")) for file in body.get("files") or []]
    whole = [upload for upload in uploads if upload is not None and len(upload.content) == upload.bytes]
    if not uploads or len(whole) < len(uploads):
        return refused(400, "There is no file, or one that has not arrived whole")
    with dataset.new({key: facts.get(key) for key in ("title", "licenseName", "isPrivate")}) as folder:
        for upload in whole:
            put_file(folder / "files", upload.file_name, bytes(upload.content))
    for file in body["files"]:
        call.served.uploads.pop(file["token"], None)
    return web.json_response({"url": f"https://www.kaggle.com/datasets/{dataset.ref}", "status": "ok"})


def _list_dataset_files(call: Call, dataset: Versions, number: int) -> web.Response:
    return listing(call, "datasetFiles", files_below(dataset.folder_of(number) / "files"))


def _get_dataset_metadata(call: Call, dataset: Versions, number: int) -> web.Response:
    facts, (owner, slug) = dataset.facts(), dataset.ref.split("/")
    named = {"ownerUser": owner, "datasetSlug": slug, "title": facts["title"], "isPrivate": bool(facts["isPrivate"])}
    return web.json_response({"info": {**named, "licenses": [{"name": facts["licenseName"]}], "keywords": []}})


def _download_dataset(call: Call, dataset: Versions, number: int) -> web.Response:
    name, files = call.fields.get("fileName", ""), dataset.folder_of(number) / "files"
    if name not in files_below(files):
        return refused(404, f"File '{name}' not found (the local Kaggle sends a dataset's files one by one)")
    return web.Response(status=302, headers={"Location": call.link(files / name)})


_of_version = partial(of_version, "datasets", ("ownerSlug", "datasetSlug", "datasetVersionNumber"))
METHODS: dict[str, Method] = {
    "StartBlobUpload": _start_blob_upload,
    "CreateDataset": _create_dataset,
    "CreateDatasetVersion": _create_dataset_version,
    "GetDatasetStatus": _of_version(lambda *_: web.json_response({"status": "READY"})),
    "ListDatasetFiles": _of_version(_list_dataset_files),
    "GetDatasetMetadata": _of_version(_get_dataset_metadata),
    "DownloadDataset": _of_version(_download_dataset),
}
