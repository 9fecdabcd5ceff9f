#!/usr/bin/env python3
"""A tutorial as a shell script: follow.py PAGE.md prints what its reader does, in order.

A block with a file name behind its language (```cpp mydriver.cpp) is that file, written or replaced; a block "sh" is typed
in. Blocks of other languages without a name are only shown to the reader.
"""

import re
import sys

BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.S | re.M)


def main(page):
    with open(page, encoding="utf-8") as f:
        blocks = BLOCK.findall(f.read())
    print("set -euo pipefail")
    for language, name, text in blocks:
        if name:
            print(f"cat >{name} <<'END-OF-BLOCK'\n{text}END-OF-BLOCK")
        elif language == "sh":
            print(f"set -x\n{text}{{ set +x; }} 2>/dev/null")


if __name__ == "__main__":
    main(sys.argv[1])
