#!/bin/sh
# Alpine without bash: the host's probes and the user's login shell name /bin/bash.
set -eu
[ -e /etc/alpine-release ] && [ ! -e /bin/bash ] || exit 0

printf '#!/bin/sh\nexec /bin/ash "$@"\n' >/bin/bash
chmod 755 /bin/bash
