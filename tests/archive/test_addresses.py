"""Images in files of arrays, through the archives, as `prepare` reads them."""

import io
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from foldline.archive.addresses import open_array_file
from foldline.archive.archives import Archives
from foldline.archive.record_files import file_of_records
from foldline.files.refusal import Refusal
from foldline.pixels.image_files import ImageFiles, image_into
from foldline.pixels.resizing import PixelForm
from foldline.pixels.undecodable import Undecodable
from tests.pixels.drawn import encoded, scene

IMAGES = np.stack([scene(seed, 4, 5) for seed in range(3)])


@pytest.fixture
def archives(tmp_path: Path) -> Archives:
    """train.zip with X.npy, train.npz (images, labels) and images.hdf5 (a JPEG per id, an array of all)."""
    npy, npz = io.BytesIO(), io.BytesIO()
    np.save(npy, IMAGES)
    np.savez_compressed(npz, images=IMAGES, labels=np.array([4, 5, 6]))
    with h5py.File(tmp_path / "images.hdf5", "w") as file:
        file["ISIC_1"] = np.void(encoded(IMAGES[1], "png"))
        file["bytes/2"] = np.frombuffer(encoded(IMAGES[2], "png"), np.uint8)
        file["all/images"] = IMAGES
    with zipfile.ZipFile(tmp_path / "train.zip", "w") as archive:
        archive.writestr("X.npy", npy.getvalue())
        archive.writestr("train.npz", npz.getvalue())
        archive.write(tmp_path / "images.hdf5", "images.hdf5")
    return Archives(tmp_path, ["train.zip"])


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("X.npy[2]", 2),
        ("train.npz/images.npy[0]", 0),
        ("images.hdf5/ISIC_1", 1),
        ("images.hdf5/bytes/2", 2),
        ("images.hdf5/all/images[1]", 1),
    ],
)
def test_one_image_is_read(archives: Archives, address: str, number: int) -> None:
    place = np.zeros((4, 5, 3), np.uint8)
    image_into(place, ImageFiles(archives).contents(address), PixelForm(4, 5, 3, "squash"))
    assert np.array_equal(place, IMAGES[number])


def test_a_file_called_like_a_place_in_records_is_a_file(tmp_path: Path) -> None:
    name = "a.json#{1}.png"
    (tmp_path / name).write_bytes(encoded(IMAGES[0], "png"))
    place = np.zeros((4, 5, 3), np.uint8)
    image_into(place, ImageFiles(Archives(tmp_path, [name])).contents(name), PixelForm(4, 5, 3, "squash"))
    assert np.array_equal(place, IMAGES[0])


@pytest.mark.parametrize(
    "address",
    ["X.npy[3]", "Y.npy[0]", "train.npz/labels.npy[0]", "train.npz/x.npy[0]", "images.hdf5/ISIC_2",
     "images.hdf5/all", "images.hdf5/all/images[3]", "x.jpg"],
)  # fmt: skip
def test_an_image_that_is_not_there_is_missing(archives: Archives, address: str) -> None:
    with pytest.raises(Undecodable, match="there is no such file"):
        ImageFiles(archives).contents(address)


def test_an_npz_is_one_file_until_a_path_leads_into_it(archives: Archives) -> None:
    assert archives.names == ("X.npy", "train.npz", "images.hdf5")
    assert "train.npz/labels.npy" in archives
    assert "train.npz/labels" not in archives
    assert np.load(io.BytesIO(archives.read("train.npz/labels.npy"))).tolist() == [4, 5, 6]


def test_an_array_of_objects_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", np.array([{"a": 1}]))
    with pytest.raises(Refusal, match=r"`X\.npy` cannot be read: it holds pickled Python objects"):
        open_array_file(tmp_path / "X.npy", "X.npy")


@pytest.mark.parametrize("name", ["X.npy", "x.h5"])
def test_a_damaged_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"nothing of the kind")
    with pytest.raises(Refusal, match=f"`{name}` is not a readable array file"):
        open_array_file(tmp_path / name, name)


def hdf5_that_points_outside(folder: Path) -> None:
    """hostile.h5 beside secret.h5 and secret.bin, whose numbers it would show."""
    secret = np.full((3, 4, 5), 77, np.uint8)
    (folder / "secret.bin").write_bytes(secret.tobytes())
    with h5py.File(folder / "secret.h5", "w") as file:
        file["images"] = secret
    with h5py.File(folder / "hostile.h5", "w") as file:
        file["own"] = IMAGES
        file["soft"] = h5py.SoftLink("/own")
        file["deep/near"] = h5py.SoftLink("../own")
        file["deep/soft"] = h5py.SoftLink("/own")
        file["loop"] = h5py.SoftLink("/other")
        file["other"] = h5py.SoftLink("/loop")
        file["nothing"] = h5py.SoftLink("/none")
        file["external"] = h5py.ExternalLink("secret.h5", "/images")
        file["folder"] = h5py.ExternalLink("secret.h5", "/")
        file["absolute"] = h5py.ExternalLink(f"{folder}/secret.h5", "/images")
        file["soft_external"] = h5py.SoftLink("/external")
        file["soft_folder"] = h5py.SoftLink("/folder")
        file.create_dataset("stored", (3, 4, 5), "u1", external=[(f"{folder}/secret.bin", 0, 60)])
        layout = h5py.VirtualLayout((3, 4, 5), "u1")
        layout[:] = h5py.VirtualSource(f"{folder}/secret.h5", "images", (3, 4, 5))
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("huge", (2**20, 2**20), "u1", chunks=(1, 1), compression="gzip")
        file.create_dataset("objects", (2,), h5py.ref_dtype)


OUTSIDE = ["external", "folder/images", "absolute", "soft_external", "soft_folder/images", "stored", "virtual"]


@pytest.mark.parametrize("name", [*OUTSIDE, "loop"])
@pytest.mark.parametrize("row", ["", "[0]"])
def test_nothing_is_read_of_another_file(name: str, row: str, tmp_path: Path) -> None:
    hdf5_that_points_outside(tmp_path)
    with Archives(tmp_path, ["hostile.h5"]) as archives:
        with pytest.raises(Refusal, match=rf"hostile\.h5: `{name}` (is a link to|is a link that|has its numbers in)"):
            ImageFiles(archives).contents(f"hostile.h5/{name}{row}")
        with pytest.raises(Refusal):
            open_array_file(tmp_path / "hostile.h5", "hostile.h5").holds(name, None)


def test_links_within_a_file_are_followed(tmp_path: Path) -> None:
    hdf5_that_points_outside(tmp_path)
    with Archives(tmp_path, ["hostile.h5"]) as archives:
        files = ImageFiles(archives)
        for name in ("own", "soft", "deep/soft"):
            place = np.zeros((4, 5, 3), np.uint8)
            image_into(place, files.contents(f"hostile.h5/{name}[1]"), PixelForm(4, 5, 3, "squash"))
            assert np.array_equal(place, IMAGES[1])
        for name in ("nothing", "none/such", "own/within"):
            with pytest.raises(Undecodable, match="there is no such file"):
                files.contents(f"hostile.h5/{name}[0]")


@pytest.mark.parametrize(("name", "why"), [("huge", "more than the"), ("objects", "pickled Python objects")])
def test_what_is_no_image(name: str, why: str, tmp_path: Path) -> None:
    hdf5_that_points_outside(tmp_path)
    with Archives(tmp_path, ["hostile.h5"]) as archives, pytest.raises(Undecodable, match=why):
        ImageFiles(archives).contents(f"hostile.h5/{name}")


def test_a_parquet_file_whose_columns_lie_in_another(tmp_path: Path) -> None:
    table = pyarrow.table({"image": [b"secret"]})
    collected: list[pyarrow.parquet.FileMetaData] = []
    pyarrow.parquet.write_table(table, tmp_path / "secret.parquet", metadata_collector=collected)
    collected[0].set_file_path("secret.parquet")
    collected[0].write_metadata_file(tmp_path / "hostile.parquet")
    with pytest.raises((OSError, ValueError)):
        list(file_of_records(tmp_path / "hostile.parquet", "hostile.parquet").read(None))
