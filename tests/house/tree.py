"""The sources of the project: what the house tests look at."""

import os
import subprocess


def files(root, suffixes):
    """Tracked and new files with one of the suffixes, relative to the root; all files where there is no git."""
    try:
        out = subprocess.run(
            ["git", "-C", root, "ls-files", "-co", "--exclude-standard"],
            check=True, capture_output=True, text=True).stdout
        names = out.splitlines()
    except (OSError, subprocess.CalledProcessError):
        names = []
        for directory, subdirs, entries in os.walk(root):
            subdirs[:] = [d for d in subdirs if d not in (".git", "build")]
            names += [os.path.relpath(os.path.join(directory, e), root) for e in entries]
    return sorted(n for n in names if n.endswith(tuple(suffixes)) and os.path.isfile(os.path.join(root, n)))


def read(root, name):
    with open(os.path.join(root, name), encoding="utf-8") as f:
        return f.read()


def finish(what, errors):
    """Prints the errors and ends the process: 0 when there are none."""
    for error in errors:
        print(error)
    print(f"{what}: {len(errors)} errors")
    raise SystemExit(1 if errors else 0)
