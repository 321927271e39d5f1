"""What a person most likely did where yaml says no more than what it expected."""

import re

import yaml

UNQUOTED = re.compile(r"[:\[,] *[^\s\"':]*\{[\w.]+\}")
"""A template among the lines that yaml's own message shows."""
QUOTED = 'Write a template in quotes: "train/{id}.jpg".'
SECOND_COLON = re.compile(r"\s*(?P<key>[\w.]+): +(?P<text>.*?: .*?)\s*")


def cure_of(text: str, error: yaml.YAMLError) -> str:
    """text: of the whole file. A line of its own, or nothing where the cause may be any."""
    if UNQUOTED.search(str(error)):
        return f"\n{QUOTED}"
    lines = text.splitlines()
    unclosed = next((number for number, line in enumerate(lines, 1) if _is_unclosed(line)), None)
    if unclosed is not None:
        return f"\nLine {unclosed} opens a quote that it does not close: {lines[unclosed - 1].strip()}"
    if not isinstance(error, yaml.MarkedYAMLError):
        return ""
    where = error.context_mark or error.problem_mark
    number, problem = (where.line + 1 if where else 0), str(error.problem)
    if not 0 < number <= len(lines):
        return ""
    return _likely(problem, str(error.context), number, lines[number - 1].strip())


def _is_unclosed(line: str) -> bool:
    """Quotes count where a value may begin: an apostrophe within a word is none."""
    plain = re.sub(r"(?:^|\s)#.*", "", re.sub(r""""(?:[^"\\]|\\.)*"|(?<![\w'])'(?:[^']|'')*'""", "", line))
    return re.search(r"""(?:^|[:\[{,-])\s*["']""", plain) is not None or plain.count('"') % 2 == 1


def _likely(problem: str, context: str, number: int, line: str) -> str:
    if problem.startswith("mapping values are not allowed"):
        second = SECOND_COLON.fullmatch(line)
        example = f': {second["key"]}: "{second["text"]}"' if second and '"' not in second["text"] else ""
        return f"\nLine {number} has a second `: `, as of a key in a key. Write the text in quotes{example}."
    if problem.startswith("could not find expected ':'"):
        return f"\nLine {number} is no key with a colon and a blank behind it: {line}"
    if "flow" in context:
        return f"\nLine {number} opens a bracket that is not closed, or holds one too many, or lacks a comma: {line}"
    if "block" in context:
        return "\nA line begins further left or right than those beside it, or has a bracket or quote too many."
    return ""
