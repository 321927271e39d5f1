import os
import sys
from pathlib import Path

# `dvc exp run --queue` runs in a clone: there, the clone's own code must run, not the installed checkout's.
_SOURCE = Path(__file__).resolve().parent.parent / "src"
if (_SOURCE / "foldline").is_dir():
    sys.path.insert(0, str(_SOURCE))

if "DVC_STAGE" in os.environ or "FOLDLINE_PARENT" in os.environ:
    from foldline.files.parent import die_with_parent

    # Before anything else: importing torch takes seconds, in which DVC may be killed.
    die_with_parent()
