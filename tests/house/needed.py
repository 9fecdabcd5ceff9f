"""limactl starts in milliseconds because it loads little: none of the heavy libraries may be among its needed ones."""

import re
import subprocess
import sys

HEAVY = re.compile(r"lib(grpc|grpc\+\+|protobuf|curl|archive|ssh2|boost_\w+)\b")


def main(program):
    out = subprocess.run(["readelf", "-d", program], check=True, capture_output=True, text=True).stdout
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", out)
    if not needed:
        print(f"{program}: readelf shows no needed library at all; the check sees nothing")
        raise SystemExit(1)
    heavy = [name for name in needed if HEAVY.match(name)]
    print("needed:", " ".join(needed))
    if heavy:
        print("too heavy for limactl:", " ".join(heavy))
        raise SystemExit(1)


main(sys.argv[1])
