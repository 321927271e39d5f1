import sys
from pathlib import Path

# `dvc exp run --queue` runs in a clone: there, the clone's own code must run, not the installed checkout's.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))
