"""No file grows into a house of its own: 600 lines, tests 800. Data (templates, goldens) has no limit."""

import sys

import tree

SUFFIXES = [".cpp", ".hpp", ".h", ".py", ".sh", ".bats", ".cmake", "CMakeLists.txt", "tools/dev"]


def main(root):
    errors = []
    for name in tree.files(root, SUFFIXES):
        limit = 800 if name.startswith("tests/") else 600
        count = tree.read(root, name).count("\n")
        if count > limit:
            errors.append(f"{name}: {count} lines, more than {limit}")
    tree.finish("sizes", errors)


main(sys.argv[1])
