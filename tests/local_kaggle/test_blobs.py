import requests

from foldline.local_kaggle.server import LocalKaggle
from tests.kaggle.rehearsal import SLUG

CONTENT = bytes(range(256)) * 2000


def blob(server: LocalKaggle, **headers: str) -> requests.Response:
    return requests.get(f"http://127.0.0.1:{server.port}/blob/{SLUG}/member/train/a.png?sig=1", headers=headers)


def test_whole_and_from_a_byte_on(server: LocalKaggle) -> None:
    whole = blob(server)
    assert (whole.status_code, whole.content, whole.headers["Accept-Ranges"]) == (200, CONTENT, "bytes")
    rest = blob(server, **{"Range": "bytes=511990-", "If-Range": whole.headers["ETag"]})
    assert (rest.status_code, rest.content) == (206, CONTENT[511990:])
    assert rest.headers["Content-Range"] == "bytes 511990-511999/512000"
    assert blob(server, Range="bytes=0-").content == CONTENT


def test_another_file_s_bytes_are_not_continued(server: LocalKaggle) -> None:
    changed = blob(server, **{"Range": "bytes=100-", "If-Range": '"of another file"'})
    assert (changed.status_code, changed.content) == (200, CONTENT)


def test_past_the_end(server: LocalKaggle) -> None:
    assert blob(server, Range="bytes=512000-").status_code == 416


def test_no_such_file(server: LocalKaggle) -> None:
    address = f"http://127.0.0.1:{server.port}/blob/{SLUG}/member/none.png"
    assert requests.get(address).status_code == 404
