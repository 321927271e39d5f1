"""Build the pixel cache again where it is absent (another machine, a cleaned disk): other stages call this.

Reads work/<slug>/pixels.json, images.parquet and the archives of input/<slug>. Writes the cache that pixels.json names.
"""

from foldline.archive.archives import read_manifest
from foldline.pixels.building import rebuild
from foldline.pixels.cache import read_images, read_pixels_key
from pipelines.running import parser, read_settings, run


def main() -> None:
    parser(__doc__).parse_args()
    places = read_settings().places
    files = read_manifest(places.manifest).names
    key, images = read_pixels_key(places.pixels), read_images(places.images)
    rebuild(places.pixel_caches, key, images, places.archives, files)


if __name__ == "__main__":
    run(main)
