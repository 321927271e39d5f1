"""What a text without a mark is written in: of a short list the encoding in which it is likely, or a question.

Each encoding has a model of its characters: how frequent each kind is in a text, and which of them hardly ever meet.
Each distinct run of letters is read in all of them, and what it says adds up (naive Bayes). So a short table with a
single accent is decided where its reading is plain, and asked about where it is not.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from foldline.files.refusal import Curable, listed

LONGEST_RUN = 1_000_000
RUN = re.compile(rb"[\x40-\xff]{1,%d}" % LONGEST_RUN)
"""Bytes below 0x40 are themselves in all of these encodings, and no part of another character."""
RARE, ASCII = math.log(1e-7), math.log(1 / 30)
UNKNOWN = -8.0
"""Of a byte in an encoding that is not among these, the logarithm of its likelihood; that of a kind is below."""
CERTAIN = math.log(300)
"""The likelier of two readings is it by so much."""
MOST_RUNS, SHOWN = 20_000, 3

Rules = tuple[tuple[re.Pattern[str], float], ...]
"""What hardly ever stands so in a run, and how much less likely it makes it. Of each character there is its kind: a, A
and _ are those of ASCII, l and u lower and upper letters, h letters without case, s all others."""


def _rules(**factors: float) -> Rules:
    return tuple((re.compile(pattern), math.log(factor)) for pattern, factor in factors.items())


LATIN = _rules(**{"(?<=[al])u": 1e-3, "(?<=u)l": 0.01, "(?<=l)l|(?<=u)u": 0.1, "(?<=[aAlu])s|s(?=[aAlu])": 0.2})
CYRILLIC = _rules(**{"(?<=[aA])[lu]|[lu](?=[aA])": 1e-3, "(?<=l)u": 1e-3, "(?<=u)u": 0.3, "(?<=[lu])s|s(?=[lu])": 0.05})
WITHOUT_CASE = _rules(**{"(?<=[aA])h|h(?=[aA])": 0.03})


@dataclass(frozen=True)
class Encoding:
    codec: str
    rules: Rules
    frequencies: tuple[tuple[float, int, str], ...]
    """Of a kind of characters: its frequency, how many there are, and ranges of their bytes, 8140-817e 81ac."""
    counted_in: str | None = None
    """The encoding of these bytes, where `codec` has more characters."""
    prior: float = 0.0
    """A logarithm."""

    @cache  # noqa: B019 (there are ten, for good)
    def table(self) -> dict[int, float]:
        """From a character's bytes to the logarithm of its likelihood."""
        found: dict[int, float] = {}
        for frequency, size, ranges in self.frequencies:
            for first, _, last in (one.partition("-") for one in ranges.split()):
                codes = range(int(first, 16), int(last or first, 16) + 1)
                found |= dict.fromkeys(codes, math.log(frequency / size))
        return found


CP1252 = Encoding("cp1252", LATIN, (
    (0.04, 22, "80 99 a0-a1 a3 a9-ab ae b1-b3 b5 b7 ba-bf d7"), (0.06, 7, "85 91-94 96-97"), (0.02, 1, "b0"),
    (0.12, 33, "8a 8c 8e 9f c0-d6 d8-de"), (0.75, 36, "9a 9c 9e df e0-f6 f8-ff"),
), prior=6.0)  # fmt: skip
CP1251 = Encoding("cp1251", CYRILLIC, (
    (0.02, 8, "93-94 96-97 ab b9 bb"), (0.02, 10, "a1-a2 a5 aa af b2-b4 ba bf"), (0.01, 2, "a8 b8"),
    (0.12, 32, "c0-df"), (0.82, 32, "e0-ff"),
))  # fmt: skip
KOI8 = Encoding("koi8_r", CYRILLIC, ((0.01, 2, "a3 b3"), (0.82, 32, "c0-df"), (0.12, 32, "e0-ff")), prior=-2.0)
GBK = Encoding("gbk", WITHOUT_CASE, (
    (0.02, 280, "a1a1-a3fe"), (0.001, 600, "a4a1-a9fe"), (0.92, 3755, "b0a1-d7f9"), (0.05, 3008, "d8a1-f7fe"),
), "gb2312")  # fmt: skip
BIG5 = Encoding("cp950", WITHOUT_CASE, (
    (0.02, 408, "a140-a3bf"), (0.95, 5401, "a440-c67e"), (0.03, 7652, "c940-f9d5")
), "big5")  # fmt: skip
SHIFT_JIS = Encoding("cp932", WITHOUT_CASE, (
    (0.3, 63, "a1-df"), (0.02, 108, "8140-81ac"), (0.02, 1, "815b"), (0.01, 62, "824f-829a"), (0.25, 83, "829f-82f1"),
    (0.25, 86, "8340-8396"), (0.3, 2965, "889f-9872"), (0.02, 3390, "989f-eaa4"),
), "shift_jis")  # fmt: skip
EUC_JP = Encoding("euc_jp", WITHOUT_CASE, (
    (0.02, 94, "a1a1-a1fe"), (0.02, 1, "a1bc"), (0.25, 83, "a4a1-a4f3"), (0.25, 86, "a5a1-a5f6"),
    (0.3, 2965, "b0a1-cfd3"), (0.02, 3390, "d0a1-f4a6"),
), prior=-2.0)  # fmt: skip
EUC_KR = Encoding("cp949", WITHOUT_CASE, (
    (0.02, 900, "a1a1-acfe"), (0.96, 2350, "b0a1-c8fe"), (0.002, 4888, "caa1-fdfe")
), "euc_kr")  # fmt: skip
CP437 = Encoding("cp437", LATIN, (
    (0.12, 8, "80 8e-90 92 99-9a a5"), (0.8, 26, "81-8d 91 93-98 a0-a4 e1")
), prior=3.0)  # fmt: skip
CP866 = Encoding("cp866", CYRILLIC, ((0.12, 32, "80-9f"), (0.82, 32, "a0-af e0-ef"), (0.01, 2, "f0-f1")))

IN_TEXTS = (CP1252, GBK, SHIFT_JIS, BIG5, EUC_KR, CP1251, EUC_JP, KOI8)
IN_ZIPS = (CP437, GBK, SHIFT_JIS, BIG5, EUC_KR, CP866)
"""What names of a zip's files are written in that does not say so: the country's for DOS."""


class Undecided(Curable):
    """The encodings that are as likely, and what the text would be in each."""

    def __init__(self, found: str, example: str) -> None:
        """found: what its text is or may be, in words; example: of an encoding."""
        self.found, self.example = found, example
        super().__init__(
            f"it is not UTF-8, and its text {found}. Write what it is in after its name in the card: {{kind: file, "
            f"name: ..., encoding: {example}}}"
        )


def decide(content: bytes, among: Sequence[Encoding] = IN_TEXTS) -> str:
    """The codec of a text that is not UTF-8. Raises Undecided, with samples, where none is likely, or several are."""
    runs = distinct_runs(content)
    found = {encoding.codec: read for encoding in among if (read := _readings(runs, encoding)) is not None}
    likelihoods = {codec: likelihood for codec, (likelihood, _) in found.items()}
    best = max(likelihoods, key=lambda codec: likelihoods[codec], default=None)
    unknown = sum(UNKNOWN if byte >= 0x80 else ASCII for run in runs for byte in run)
    if best is None or likelihoods[best] < unknown:
        likely = sorted(likelihoods, key=lambda codec: -likelihoods[codec])[:SHOWN]
        shown = listed(_shown(found[codec][1][:SHOWN], codec) for codec in likely)
        raise Undecided(f"makes no sense in {listed(one.codec for one in among)}: {shown}", "latin-1")
    texts = found[best][1]
    others = [codec for codec in found if likelihoods[codec] > likelihoods[best] - CERTAIN and found[codec][1] != texts]
    if others:
        differing = [at for at, text in enumerate(texts) if any(found[codec][1][at] != text for codec in others)]
        shown = listed(_shown([found[codec][1][at] for at in differing[:SHOWN]], codec) for codec in (best, *others))
        raise Undecided(f"may be one of these: {shown}", best)
    return best


def distinct_runs(content: bytes) -> list[bytes]:
    """The first ones that are not all ASCII."""
    found: dict[bytes, None] = {}
    size = 0
    for run in (match[0] for match in RUN.finditer(content)):
        if not run.isascii() and run not in found:
            found[run] = None
            size += len(run)
            if len(found) == MOST_RUNS or size >= LONGEST_RUN:
                break
    return list(found)


def _readings(runs: Sequence[bytes], encoding: Encoding) -> tuple[float, list[str]] | None:
    """How likely they are in it, and what they are; None where it has no such bytes."""
    try:
        texts = [run.decode(encoding.codec) for run in runs]
    except UnicodeDecodeError:
        return None
    table, total = encoding.table(), encoding.prior
    for text in texts:
        kinds = "".join(map(_kind, text))
        total += sum(factor * len(pattern.findall(kinds)) for pattern, factor in encoding.rules)
        total += sum(ASCII if char.isascii() else table.get(_code(char, encoding), RARE) for char in text)
    return total, texts


def _code(char: str, encoding: Encoding) -> int:
    return int.from_bytes(char.encode(encoding.counted_in or encoding.codec, "ignore"))


def _kind(char: str) -> str:
    if char.isascii():
        return ("a" if char.islower() else "A") if char.isalpha() else "_"
    if char.islower() or char.isupper():
        return "l" if char.islower() else "u"
    return "h" if char.isalpha() else "s"


def _shown(texts: Sequence[str], codec: str) -> str:
    return f"{codec} {listed(map(repr, texts), SHOWN, 40)}"
