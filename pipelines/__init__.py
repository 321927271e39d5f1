"""The scripts: stages of dvc.yaml and a person's commands."""

from foldline.files.parent import die_with_parent

# Before anything else: importing torch takes seconds, in which DVC may be killed.
die_with_parent()
