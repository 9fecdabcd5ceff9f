# The component "sdk" of the installation, used from outside of the tree.
load ../cli/common
load sdk

@test "the component holds the SDK alone, and knows neither its prefix nor the machine that made it" {
    install_sdk
    for path in include/lima/driver.h include/lima/driver.hpp include/lima/ext/host.h share/cmake/LimaSdk/LimaDriver.cmake \
        share/pkgconfig/lima-sdk.pc share/lima/sdk/docs/writing-a-driver.md share/lima/sdk/examples/null-c/null.c; do
        [ -s "$SDK/$path" ] || fail_with "not installed: $path"
    done
    [ "$(find "$SDK" -mindepth 1 -maxdepth 2 -printf '%P\n' | sort | tr '\n' ' ')" = \
        "bin bin/lima-check-driver include include/lima share share/cmake share/lima share/pkgconfig " ]
    for path in "$BATS_HOME" "$LIMA_SOURCE" "$LIMA_PREFIX"; do
        # an absolute path: "include/lima" does not name /lima
        run grep -rP "(?<![\\w.}-])\\Q$path\\E(?![\\w-])" "$SDK"
        [ "$status" -eq 1 ] || fail_with "these know where they were made:"
    done
    # the helper of this tree and the one that is installed are one
    cmp "$LIMA_SOURCE/cmake/LimaDriver.cmake" "$SDK/share/cmake/LimaSdk/LimaDriver.cmake"
}

@test "the links of the installed documents lead to files" {
    install_sdk
    cd "$SDK/share/lima/sdk/docs"
    links=0
    for page in *.md; do
        for link in $(sed '/^```/,/^```/d' "$page" | grep -oE '\]\([^)#:]+' | cut -c3-); do
            [ -e "$link" ] || fail_with "$page: $link"
            links=$((links + 1))
        done
    done
    [ "$links" -ge 8 ]
}

# Copies an example out and builds it by its own CMakeLists.txt.
build_example() { # NAME
    mkdir -p "$HOME/work"
    cp -r "$SDK/share/lima/sdk/examples/$1" "$HOME/work/"
    cmake -S "$HOME/work/$1" -B "$HOME/build-$1" -DCMAKE_PREFIX_PATH="$SDK" -DCMAKE_BUILD_TYPE=Debug >"$BATS_HOME/configure.log"
    cmake --build "$HOME/build-$1"
}

@test "the example in C++, by find_package" {
    install_sdk
    run build_example null
    assert_success
    refute_output_has "warning:"
    drive null "$HOME/build-null/lib/lima/drivers"
}

@test "the example in C, by find_package; and it installs" {
    install_sdk
    run build_example null-c
    assert_success
    refute_output_has "warning:"
    cmake --install "$HOME/build-null-c" --prefix "$HOME/mine"
    drive null-c "$HOME/mine/lib/lima/drivers"
}

@test "the example in C, by pkg-config and the compiler alone" {
    install_sdk
    export PKG_CONFIG_PATH=$SDK/share/pkgconfig
    mkdir modules
    # shellcheck disable=SC2046 # words
    run "$CC" -std=c11 -Wall -Wextra -Wpedantic -Werror -O1 -shared -fPIC -o modules/lima-driver-null-c.so \
        "$SDK/share/lima/sdk/examples/null-c/null.c" $(pkg-config --cflags --libs lima-sdk)
    assert_success
    [ -z "$output" ]
    drive null-c "$PWD/modules"
}

@test "the kit, as it is installed, on a driver that was built with the SDK" {
    install_sdk
    run build_example null-c
    assert_success
    run "$SDK/bin/lima-check-driver" --level=8 --only-failed "$HOME/build-null-c/lib/lima/drivers/lima-driver-null-c.so"
    assert_success
    run "$SDK/bin/lima-check-driver" --level=8 --test=program "$SDK/share/lima/sdk/examples/null-python/lima-driver-null-python"
    assert_success
    # what limactl has beside it is not part of the SDK
    run "$SDK/bin/lima-check-driver" "$SDK/share/lima/sdk/examples/null-python/lima-driver-null-python"
    [ "$status" -eq 2 ]
    assert_output_has "--remote"
}

@test "the kit builds without the core, with the SDK alone" {
    install_sdk
    # A build of the same in another directory is remembered, where there is ccache.
    export CCACHE_DIR=$LIMA_PREFIX/tests/ccache CCACHE_BASEDIR=$BATS_HOME CCACHE_NOHASHDIR=1
    run cmake -S "$LIMA_SOURCE/sdk/check" -B "$HOME/kit" -DCMAKE_PREFIX_PATH="$SDK" -DCMAKE_CXX_FLAGS="-O0 -Wall -Wextra" \
        -DCMAKE_CXX_COMPILER_LAUNCHER="$(command -v ccache)"
    assert_success
    run cmake --build "$HOME/kit" -j2
    assert_success
    refute_output_has "warning:"
    run "$HOME/kit/libexec/lima/lima-check-driver" --level=3 "$LIMA_PREFIX/lib/lima/drivers/lima-driver-null.so"
    assert_success
}

@test "another major is not found" {
    install_sdk
    mkdir other
    printf 'cmake_minimum_required(VERSION 3.20)\nproject(other LANGUAGES NONE)\nfind_package(LimaSdk 2 CONFIG REQUIRED)\n' >other/CMakeLists.txt
    run cmake -S other -B other/build -DCMAKE_PREFIX_PATH="$SDK"
    assert_failure
    assert_output_has 'LimaSdkConfig.cmake, version: 1.0'
}

@test "the packages hold the same files as the component" {
    install_sdk
    cpack --config "$LIMA_PREFIX/CPackConfig.cmake" -B "$BATS_HOME/packages" >"$BATS_HOME/cpack.log"
    cd "$BATS_HOME/packages"
    mkdir deb tar
    dpkg-deb -x lima-sdk-dev_*.deb deb
    tar -C tar -xzf lima-sdk-*.tar.gz --strip-components=1
    diff -r "$SDK" deb/usr
    diff -r "$SDK" tar
    [ "$(dpkg-deb -f lima-sdk-dev_*.deb Package)" = lima-sdk-dev ]
}
