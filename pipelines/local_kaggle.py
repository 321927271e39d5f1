"""Serve a competition to the unmodified `kaggle` command line, on this machine only, until Ctrl-C.

Without --folder, the embedded competition `digits`. With it, your own data, to rehearse with:

    FOLDER/
      files/            what competitors download: one zip, or loose files (zipped for them); among them the
                        sample submission, whose columns a submission must have
      solution.csv      the id column, the answers (a column of labels, or one column per class), and perhaps columns
                        Usage: Public or Private; without it, half of the ids are public
                        Weight: what each row counts
      hidden/           perhaps: the files as a submitted notebook finds them, with the test set of solution.csv
      competition.yaml  title: ...
                        metric: log_loss        (or accuracy, {kind: map_at_k, k: 5}, ...: docs/metrics.md has all)
                        sample: sample_submission.csv
                        extra_columns: ignored  (or refused)
                        submissions_per_day: 5
                        state: running          (closed shows private scores)

A card with `host: {kind: local, source: FOLDER}` takes the stages to it too; they start the server themselves.

It takes datasets, notebooks, whose sessions it runs, and their submissions, too (docs/notebooks.md).
Writes: work/local-kaggle/, which remembers all of them
"""

import os
import shlex
import signal
from pathlib import Path

from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.kaggle.connection import local_environment, local_settings, source_folder
from foldline.local_kaggle.server import LocalKaggle
from pipelines import running
from pipelines.answers import write_answer


def main() -> None:
    parser = running.parser(__doc__)
    parser.add_argument("--port", type=int, default=0, help="default: any free one")
    parser.add_argument("--folder", type=Path, help="the competition's folder, see above")
    parser.add_argument("--slug", help="its name; default: the folder's")
    arguments = parser.parse_args()
    source = str(arguments.folder.resolve()) if arguments.folder else "digits"
    places = Places(arguments.slug or Path(source).name)
    home = places.local_kaggle / "home"
    try:
        with LocalKaggle({places.slug: source_folder(source, places)}, places.local_kaggle, arguments.port) as server:
            local_environment(os.environ, server.port, home)
            print("# In another shell, which this turns away from kaggle.com:")
            settings = local_settings(server.port, home)
            for name, value in settings.items():
                print(f"export {name}={shlex.quote(value)}")
            print(f"# Then: kaggle competitions files {places.slug}   (Ctrl-C here ends the server)", flush=True)
            write_answer({"competition": places.slug, "port": server.port, "environment": settings})
            signal.pause()
    except OSError as error:
        raise Refusal(f"the port {arguments.port} cannot be used ({error.strerror}). Leave --port out.") from None


if __name__ == "__main__":
    running.run(main)
