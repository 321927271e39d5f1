"""The search for duplicates: its time, what it finds of planted copies, and what it joins that is different.

python -m benchmarks.duplicates
python -m benchmarks.duplicates ARCHIVE FOLDER    groups among the first 10,000 images of a zip, drawn into a folder
"""

import argparse
import zipfile
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.datasets import load_digits

from benchmarks.clock import PAIRS, seconds_of
from benchmarks.figures import Figure
from benchmarks.images import HEIGHT, WIDTH, built, drawn, jpeg, one_thread
from foldline.folds.duplicates import near_duplicate_pairs
from foldline.pixels.decoding import decode
from foldline.pixels.hashing import perceptual_hashes, thumbnail
from foldline.pixels.resizing import PixelForm

PLANTED = 200
DISTINCT = 10_000
FORM = PixelForm(224, 224, 3, "squash")
SMALL = PixelForm(64, 64, 3, "squash")
KINDS = ("resized", "re-encoded", "brightened", "cropped by 3 % per side")


def measure(images: int = 4_000) -> list[Figure]:
    files = [jpeg(drawn(seed)) for seed in range(images)]
    copies = [_copy(drawn(number), KINDS[number % len(KINDS)], number) for number in range(PLANTED)]
    with one_thread():
        return [_time(files + copies[: images // 100]), _found(files + copies), _joined_falsely(), _largest_digits()]


def _copy(image: np.ndarray, kind: str, seed: int) -> bytes:
    rng, height, width = np.random.default_rng(seed), *image.shape[:2]
    if kind == "resized":
        scale = rng.uniform(0.5, 1.5)
        return jpeg(cv2.resize(image, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_CUBIC))
    if kind == "re-encoded":
        return jpeg(image, int(rng.integers(40, 80)))
    if kind == "brightened":
        return jpeg(cv2.convertScaleAbs(image, alpha=float(rng.uniform(0.7, 1.3))))
    top, left = round(0.03 * height), round(0.03 * width)
    return jpeg(image[top : height - top, left : width - left])


def _time(files: list[bytes]) -> Figure:
    shares = []
    for _ in range(PAIRS):
        building, decoded, pixels = built(files, FORM)
        hashing = seconds_of(lambda pixels=pixels: perceptual_hashes(np.stack([thumbnail(image) for image in pixels])))
        verifying = seconds_of(lambda decoded=decoded, pixels=pixels: near_duplicate_pairs(decoded, pixels))
        shares.append((hashing + verifying) / building)
    how = f"{len(files)} JPEGs of {HEIGHT} x {WIDTH}, 1 % of them copies, one core, median of {PAIRS}"
    return Figure("Hashing and verifying duplicates / cache building", median(shares), 0.15, False, "", how)


def _found(files: list[bytes]) -> Figure:
    cluster = clusters(files, FORM)
    first_copy = len(files) - PLANTED
    share = float(np.mean(cluster[first_copy:] == cluster[:PLANTED]))
    how = f"{PLANTED} among {first_copy:,}: {', '.join(KINDS)}"
    return Figure("Planted copies in one cluster, hence fold, with their original", share, 0.95, True, "", how)


def _joined_falsely() -> Figure:
    files = [jpeg(drawn(seed, 96, 128)) for seed in range(DISTINCT)]
    how = f"{DISTINCT:,} distinct drawn images"
    return Figure("Distinct images joined to another", joined_fraction(clusters(files, SMALL)), 0.001, False, "", how)


def _largest_digits() -> Figure:
    digits = np.asarray(load_digits(return_X_y=True)[0]).reshape(-1, 8, 8) * 255 / 16
    files = [cv2.imencode(".png", digit.astype(np.uint8))[1].tobytes() for digit in digits]
    largest = int(np.bincount(clusters(files, PixelForm(24, 24, 1, "squash"))).max())
    how = "scikit-learn's 1,797 handwritten digits"
    return Figure("Images in the largest group of duplicates", largest, 5, False, "images", how)


def clusters(files: list[bytes], form: PixelForm) -> np.ndarray:
    """The number of each file's cluster."""
    _, decoded, pixels = built(files, form)
    pairs = near_duplicate_pairs(decoded, pixels)[["first", "second"]].to_numpy()
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(files), len(files)))
    return connected_components(links, directed=False)[1]


def joined_fraction(cluster: np.ndarray) -> float:
    return float((np.bincount(cluster)[cluster] > 1).mean())


def draw_groups(archive: Path, folder: Path) -> None:
    """Each group of the archive's first images as a PNG, its members side by side."""
    with zipfile.ZipFile(archive) as zipped:
        names = [name for name in zipped.namelist() if name.endswith((".jpg", ".png"))][:DISTINCT]
        files = [zipped.read(name) for name in names]
    cluster = clusters(files, SMALL)
    folder.mkdir(parents=True, exist_ok=True)
    for number in np.flatnonzero(np.bincount(cluster) > 1):
        members = [decode(files[place], 3).pixels for place in np.flatnonzero(cluster == number)]
        row = np.hstack([cv2.resize(member, (128, 128), interpolation=cv2.INTER_NEAREST) for member in members])
        cv2.imwrite(str(folder / f"{number}.png"), row[:, :, ::-1])
    print(f"{len(names)} images, {joined_fraction(cluster):.2%} of them in groups, drawn in {folder}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, nargs="?")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("groups"))
    arguments = parser.parse_args()
    if arguments.archive is not None:
        draw_groups(arguments.archive, arguments.folder)
    else:
        print("\n".join(figure.line for figure in measure()))
