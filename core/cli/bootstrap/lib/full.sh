# shellcheck shell=bash
# The test and cloud profiles. Sourced.

readonly ROOT_LABEL=cloudimg-rootfs

build_full() { die "the $PROFILE profile cannot be built yet" "use --profile mini"; }
