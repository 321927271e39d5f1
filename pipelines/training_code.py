"""The digest of the code that trains now, by which checkpoints are found again."""

from pathlib import Path

from foldline.params.code_digests import own_files, own_graph, script_digests


def running_code(script: str, *sections: str) -> str:
    """work/code.json may be older, where a stage runs alone (`-s`). sections: of params.yaml, which may name own
    files."""
    own = {file for section in sections for file in own_files(Path("params.yaml"), section)}
    return script_digests({script: sorted(own)}, own_graph())[script]
