"""Archives that are damaged, or made to do harm."""

import bz2
import gzip
import io
import lzma
import os
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import py7zr
from py7zr.archiveinfo import Folder, HeaderStreamsInfo, write_uint64
from py7zr.properties import DEFAULT_FILTERS

TEXT = b"id,label\n" + b"".join(b"%d,%d\n" % (n, n * n % 97) for n in range(200))
MEMBERS = {"train.csv": TEXT, "train/a.txt": b"a" * 400, "train/b.txt": b"b" * 300}
LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"


def zipped(entries: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, member in entries.items():
            archive.writestr(name, member)
    return content.getvalue()


def with_fields(content: bytes, in_local: int, in_central: int, code: str, value: int) -> bytes:
    """All headers of a zip with another number at these places."""
    changed = bytearray(content)
    for mark, offset in ((LOCAL, in_local), (CENTRAL, in_central)):
        place = content.find(mark)
        while place >= 0:
            struct.pack_into(code, changed, place + offset, value)
            place = content.find(mark, place + 1)
    return bytes(changed)


def tarred(*entries: tuple[tarfile.TarInfo, bytes], mode: str = "w") -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as archive:  # type: ignore[call-overload]
        for member, data in entries:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return content.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def sparse(bytes_told: int) -> bytes:
    """A tar whose only file is all hole."""
    header = bytearray(entry("a.csv").tobuf(tarfile.GNU_FORMAT))
    header[156:157], header[483:495] = b"S", b"\x80" + bytes_told.to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + bytes(1024)


def tar_header(name: str, kind: bytes, size: int) -> bytes:
    """One that says to be of any size, a negative one too."""
    header = bytearray(entry(name).tobuf(tarfile.GNU_FORMAT))
    header[156:157], header[124:136] = kind, (size % 256**12).to_bytes(12, "big")
    header[124] |= 0x80
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def overlapping(count: int) -> bytes:
    """All entries of the zip are the bytes of the first one."""
    content = zipped({"000.txt": os.urandom(5_000)}, zipfile.ZIP_STORED)
    place, end = content.index(CENTRAL), content.rindex(b"PK\x05\x06")
    one = content[place:end]
    directory = b"".join(one.replace(b"000.txt", b"%03d.txt" % n) for n in range(count))
    ending = bytearray(content[end:])
    struct.pack_into("<HHII", ending, 8, count, count, len(directory), place)
    return content[:place] + directory + bytes(ending)


def nested(depth: int) -> bytes:
    content = zipped({"a.csv": TEXT})
    for _ in range(depth):
        content = zipped({"inner.zip": content})
    return content


def symlinked_zip(target: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        link = zipfile.ZipInfo("train.csv")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, target)
        archive.writestr("a.csv", TEXT)
    return content.getvalue()


def in_7z(entries: Mapping[str, bytes], link: str | None = None) -> bytes:
    with TemporaryDirectory() as folder:
        source, target = Path(folder, "files"), Path(folder, "all.7z")
        for name, member in entries.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(member)
        if link is not None:
            (source / "link.csv").symlink_to(link)
        with py7zr.SevenZipFile(target, "w") as archive:
            for path in sorted(source.rglob("*")):
                archive.write(path, path.relative_to(source).as_posix())
        return target.read_bytes()


def listing_7z(count: int, name: str) -> bytes:
    """A 7z that holds nothing but its compressed list of so many files of one name."""
    names, listing = b"\0" + (name + "\0").encode("utf-16-le") * count, io.BytesIO(b"\1\5")
    listing.seek(2)
    write_uint64(listing, count)
    listing.write(b"\x11")
    write_uint64(listing, len(names))
    listing.write(names + b"\0\0")
    folder, streams, content, header = Folder(), HeaderStreamsInfo(), io.BytesIO(bytes(32)), io.BytesIO()
    folder.prepare_coderinfo(filters=DEFAULT_FILTERS.ENCODED_HEADER_FILTER)
    folder.unpacksizes, folder.crc, folder.digestdefined = [listing.tell()], zlib.crc32(listing.getvalue()), True
    content.seek(32)
    listing.seek(0)
    packed = folder.get_compressor()
    packed.compress(listing, content)
    packed.flush(content)
    streams.unpackinfo.folders, streams.packinfo.enable_digests = [folder], False
    streams.packinfo.numstreams, streams.packinfo.packsizes = 1, [packed.packsize]
    streams.write(header)
    found = struct.pack("<QQI", content.tell() - 32, len(header.getvalue()), zlib.crc32(header.getvalue()))
    signature = b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(found)) + found
    return signature + content.getvalue()[32:] + header.getvalue()


def damaged(content: bytes, share: float) -> bytes:
    place = int(len(content) * share)
    return content[:place] + bytes(byte ^ 0xFF for byte in content[place : place + 8]) + content[place + 8 :]


NOISE = random.Random(0).randbytes(3_000)
REFUSED: dict[str, tuple[str, bytes]] = {
    "zip: Deflate64": ("all.zip", with_fields(zipped(MEMBERS), 8, 10, "<H", 9)),
    "zip: an unknown compression": ("all.zip", with_fields(zipped(MEMBERS), 8, 10, "<H", 99)),
    "zip: a password": ("all.zip", with_fields(zipped(MEMBERS), 6, 8, "<H", 1)),
    "zip: another checksum": ("all.zip", with_fields(zipped(MEMBERS), 14, 16, "<I", 7)),
    **{
        f"zip: a damaged member ({name})": ("all.zip", damaged(zipped({"a.csv": NOISE}, kind), 0.5))
        for name, kind in (("stored", 0), ("deflate", 8), ("bzip2", 12), ("lzma", 14))
    },
    "zip: a member of 4 GB": ("all.zip", with_fields(zipped({"a.csv": b"0" * 99}), 22, 24, "<I", 2**32 - 2)),
    "zip: overlapping entries": ("all.zip", overlapping(500)),
    "zip: nested without end": ("all.zip", nested(6)),
    "zip: a name that is no text": ("all.zip", with_fields(zipped({"\xe4.csv": TEXT}), 30, 46, "<B", 0xFF)),
    "zip: a name of 65,000 characters": ("all.zip", zipped({"a" * 65_000: TEXT, "a.csv": TEXT})),
    "zip: cut off": ("all.zip", zipped(MEMBERS)[:-40]),
    "zip: empty": ("all.zip", b""),
    "zip: a page of the web": ("all.zip", b"<html>Too many requests</html>"),
    "zip: a member that leaves": ("all.zip", zipped({"../a.csv": TEXT})),
    "zip: within a zip, damaged": ("all.zip", zipped({"inner.zip": damaged(zipped({"a.csv": NOISE}), 0.5)})),
    "tar: a link to nothing": ("all.tar", tarred((entry("a.csv", tarfile.LNKTYPE, "none.csv"), b""))),
    "tar: a link that leaves": ("all.tar", tarred((entry("a.csv", tarfile.LNKTYPE, "../../secret.txt"), b""))),
    "tar: a link to itself": ("all.tar", tarred((entry("a.csv", tarfile.LNKTYPE, "a.csv"), b""))),
    "tar: a file, and a folder of its name": ("all.tar", tarred((entry("a"), b"1"), (entry("a/b.csv"), TEXT))),
    "tar: a folder, and a file of its name": ("all.tar", tarred((entry("a/b.csv"), TEXT), (entry("a"), b"1"))),
    "tar: two files of one name": ("all.tar", tarred((entry("a.csv"), b"1"), (entry("a.csv"), TEXT))),
    "tar: a sparse file": ("all.tar", sparse(2**40)),
    "tar: a name that is too long": ("all.tar", tarred((entry("a" * 300), TEXT))),
    **{
        f"tar: a negative size ({kind!r})": ("all.tar", tar_header("x", kind, -512) + bytes(1024))
        for kind in (tarfile.CHRTYPE, tarfile.SYMTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE)
    },
    "tar: a header of digits alone": (
        "all.tar",
        tar_header("x", tarfile.XHDTYPE, 2**20) + b"1" * 2**20 + bytes(1024),
    ),
    "tar: a name of gigabytes": ("all.tar", tar_header("x", tarfile.GNUTYPE_LONGNAME, 2**33) + bytes(1024)),
    "tar: very deep folders": ("all.tar", tarred((entry("a/" * 1500 + "a.csv"), TEXT))),
    "tar: cut off": ("all.tar", tarred((entry("a.csv"), TEXT))[:700]),
    "tar.gz: cut off": ("all.tar.gz", tarred((entry("a.csv"), NOISE), mode="w:gz")[:-900]),
    "tar.gz: damaged": ("all.tar.gz", damaged(tarred((entry("a.csv"), NOISE), mode="w:gz"), 0.5)),
    "gz: damaged": ("a.csv.gz", damaged(gzip.compress(NOISE), 0.5)),
    "bz2: damaged": ("a.csv.bz2", damaged(bz2.compress(NOISE), 0.5)),
    "xz: damaged": ("a.csv.xz", damaged(lzma.compress(NOISE), 0.5)),
    "7z: damaged": ("all.7z", damaged(in_7z({"a.csv": NOISE}), 0.5)),
    "7z: cut off": ("all.7z", in_7z({"a.csv": NOISE})[:-50]),
    "7z: a list of empty names": ("all.7z", listing_7z(2**16 + 1, "")),
    "7z: a list of long names": ("all.7z", listing_7z(10_000, "a" * 1_000)),
    "7z: a link that leaves": ("all.7z", in_7z({"a.csv": TEXT}, "/etc/passwd")),
}
"""Refused when it is taken, opened or read: what is wrong, the file's name, its content."""
HARMLESS: dict[str, tuple[str, bytes]] = {
    "tar: a link": (
        "all.tar",
        tarred((entry("train.csv", tarfile.SYMTYPE, "/etc/passwd"), b""), (entry("a.csv"), TEXT)),
    ),
    "tar: a folder that is a link": (
        "all.tar",
        tarred((entry("out", tarfile.SYMTYPE, "/tmp"), b""), (entry("out/a.csv"), TEXT), (entry("a.csv"), TEXT)),
    ),
    "tar: a second name": ("all.tar", tarred((entry("b.csv"), TEXT), (entry("a.csv", tarfile.LNKTYPE, "b.csv"), b""))),
    "tar: a pipe and a device": (
        "all.tar",
        tarred((entry("pipe", tarfile.FIFOTYPE), b""), (entry("disk", tarfile.BLKTYPE), b""), (entry("a.csv"), TEXT)),
    ),
}
"""Whose file a.csv is read, and nothing outside of it."""
WHOLE: dict[str, tuple[str, bytes]] = {
    **{f"zip ({kind})": ("all.zip", zipped({"a.csv": TEXT, "b.txt": b"b" * 99}, kind)) for kind in (0, 8, 12, 14)},
    "gz": ("a.csv.gz", gzip.compress(TEXT)),
    "bz2": ("a.csv.bz2", bz2.compress(TEXT)),
    "xz": ("a.csv.xz", lzma.compress(TEXT)),
    "7z": ("all.7z", in_7z({"a.csv": TEXT, "b.txt": b"b" * 99})),
}
"""Which carry checksums."""
