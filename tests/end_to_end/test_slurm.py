"""The Slurm array of docs/scaling.md, without Slurm: two of its jobs at once on one node, as it would start them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.checkout import ROOT, commit, copy_set_to_shapes, environment, run
from tests.end_to_end.test_chain import status
from tests.end_to_end.test_slots import ON_CPU

pytestmark = pytest.mark.slow


def blocks() -> tuple[str, list[str]]:
    """The script, and the words around it that are DVC's."""
    section = (ROOT / "docs/scaling.md").read_text().partition("## Slurm")[2]
    script, around = re.findall(r"```(?:bash|sh)\n(.*?)```", section, re.DOTALL)[:2]
    return script, [line.partition("#")[0].strip() for line in around.splitlines() if line.startswith("dvc ")]


def test_jobs_train_in_one_clone_and_dvc_finds_what_they_made(tmp_path: Path) -> None:
    (tmp_path / "shapes").mkdir()
    project = copy_set_to_shapes(tmp_path / "project", tmp_path / "shapes", workers=0)
    (project / ".venv").symlink_to(Path(sys.executable).parents[1])
    (project / ".git/info/exclude").write_text("/.home\n")
    (tmp_path / "node").mkdir()
    script, (first, push, last) = blocks()
    (tmp_path / "train.sh").write_text(script)
    run(project, "dvc", "remote", "add", "--default", "folder", str(tmp_path / "remote"))
    commit(project, "a remote")
    for command in (first, push):
        ended = run(project, *command.split(), **ON_CPU)
        assert ended.returncode == 0, ended.stdout
    jobs = []
    for fold in ("0", "1"):
        slurm = {"SLURM_SUBMIT_DIR": str(project), "SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": fold}
        given = environment(project, **slurm, **ON_CPU, TMPDIR=str(tmp_path / "node"))
        job = ["bash", str(tmp_path / "train.sh")]
        jobs.append(subprocess.Popen(job, env=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    for fold, job in enumerate(jobs):
        said, _ = job.communicate()
        assert job.returncode == 0, said
        assert f"Running stage 'train@{fold}-0'" in said
    assert [path.name for path in (tmp_path / "node").glob("foldline-*") if path.is_dir()] == ["foldline-7"]
    ended = run(project, *last.split(), **ON_CPU)
    assert ended.returncode == 0, ended.stdout
    assert "Running stage 'train" not in ended.stdout
    assert "Running stage 'format'" in ended.stdout
    assert status(project) == {"submit"}
