# The template library: all of it validates and makes instances, and what it downloads has the right form.
load common

suite_setup() { export LIMA_TEMPLATES_PATH=$LIMA_SOURCE/templates; }

suite_teardown() { [ -z "${server-}" ] || kill "$server"; }

# Fedora Rawhide's images are looked up by a program that asks a server: it has a test of its own.
public_names() { limactl create --list-templates | grep -vx experimental/fedora-rawhide; }

# serve DIRECTORY: at $url
serve() {
    python3 -u -m http.server --bind 127.0.0.1 --directory "$1" 0 >server.log 2>&1 3>&- &
    server=$!
    until grep -q 'port [0-9]' server.log; do
        kill -0 "$server" || fail_with "no server: $(cat server.log)"
        sleep 0.05
    done
    url=http://127.0.0.1:$(sed -n 's/.* port \([0-9]*\).*/\1/p' server.log)
}

@test "every template validates, by its name" {
    mapfile -t names < <(public_names)
    [ "${#names[@]}" -gt 75 ]
    run limactl validate "${names[@]/#/template:}"
    assert_success
    [ "$(grep -c ': OK' <<<"$output")" = "${#names[@]}" ]
}

@test "every image set validates, by its path" {
    mapfile -t files < <(find "$LIMA_SOURCE/templates/_images" -name '*.yaml')
    [ "${#files[@]}" -gt 35 ]
    run limactl validate "${files[@]}"
    assert_success
    [ "$(grep -c ': OK' <<<"$output")" = "${#files[@]}" ]
}

@test "every template makes an instance, and nothing is downloaded for it" {
    count=0
    while read -r name; do
        case $name in
            windows*) continue ;; # only QEMU runs it: refused by the test below
        esac
        instance=${name//\//-}
        limactl create --vm-type=null --tty=false --name="$instance" "template:$name" >log 2>&1 ||
            fail_with "$name: $(cat log)"
        grep -q '^images:' "$LIMA_HOME/$instance/lima.yaml" || fail_with "$name has no images"
        ! grep -Eq '^base:|^ *(- )?file:' "$LIMA_HOME/$instance/lima.yaml" || fail_with "$name is not embedded"
        count=$((count + 1))
    done < <(public_names)
    [ "$count" -gt 75 ]
    # neither the configuration nor the message of any is broken
    [ "$(limactl list -f '{{.Status}}{{range .Errors}}{{.}}{{end}}' | sort -u)" = Stopped ]
    [ "$(limactl list -q | wc -l)" = "$count" ]
    [ ! -e "$XDG_CACHE_HOME/lima/download" ]
}

@test "a template for Windows guests is refused for other drivers" {
    run limactl create --vm-type=null --tty=false --name=win template:windows-11
    assert_failure
    assert_output_has 'field `vmType` must be `qemu`'
}

@test "an instance of a template starts, says what it can do, and stops" {
    limactl create --vm-type=null --tty=false --name=box template:docker
    run limactl start box
    assert_success
    assert_output_has READY
    assert_output_has "docker context create lima-box --docker \"host=unix://$LIMA_HOME/box/sock/docker.sock\""
    limactl stop box
}

@test "docs/templates.md lists what there is" {
    limactl create --list-templates >listed
    sed -n 's/^| `\([^`]*\)`.*/\1/p' "$LIMA_SOURCE/docs/templates.md" | tr ' ' '\n' >documented
    sed -n 's/^| `[^`]*` (\([^)]*\)).*/\1/p' "$LIMA_SOURCE/docs/templates.md" | tr -d '`,' | tr ' ' '\n' >>documented
    run diff <(sort listed) <(sort documented)
    assert_success
}

@test "installed, aliases are still links" {
    cmake -DCMAKE_INSTALL_PREFIX="$BATS_HOME/prefix" -P "$LIMA_PREFIX/templates/cmake_install.cmake" >/dev/null
    installed=$BATS_HOME/prefix/share/lima/templates
    diff <(cd "$LIMA_SOURCE/templates" && find . -name '*.yaml' -printf '%p %l\n' | sort) \
        <(cd "$installed" && find . -name '*.yaml' -printf '%p %l\n' | sort)
    [ -L "$installed/debian.yaml" ] && [ -L "$installed/experimental/ubuntu-next.yaml" ]
    export LIMA_TEMPLATES_PATH=$installed
    limactl create --list-templates >after
    LIMA_TEMPLATES_PATH=$LIMA_SOURCE/templates limactl create --list-templates | diff - after
}

# --- tools ---

@test "check-images finds each mistake, with file and line" {
    sha=$(printf 'x' | sha256sum | cut -d' ' -f1)
    cat >bad.yaml <<YAML
images:
- {location: "https://example.com/a-x86_64.img", arch: x86_64}
- {location: "https://example.com/b-20260102-amd64.img", arch: x86_64, digest: "sha256:$sha"}
- {location: "https://example.com/c-20260102-arm64.img", arch: aarch64}
- {location: "http://example.com/d-arm64.img", arch: aarch64}
- {location: "ftp://example.com/e-s390x.img", arch: s390x}
- {location: "downloads/f.img", arch: armv7l}
- {location: "https://example.com/g.img", arch: arm64}
- {location: "https://example.com/h-arm64.img", arch: riscv64}
- {location: "https://example.com/i.img", arch: ppc64le, digest: "sha256:${sha%?}"}
- {location: "https://example.com/j.img", arch: ppc64le, digest: "md5:$sha"}
- {location: "https://example.com/a-x86_64.img", arch: x86_64}
- {arch: x86_64}
osOpts:
  Windows:
    virtioWin:
    - {location: "https://example.com/k iso", arch: x86_64}
YAML
    run "$LIMA_SOURCE/tools/check-images" bad.yaml
    assert_failure
    assert_output_has "bad.yaml:3: https://example.com/b-20260102-amd64.img has a digest, but stands behind"
    assert_output_has "bad.yaml:4: https://example.com/c-20260102-arm64.img names a date"
    assert_output_has "bad.yaml:5: http://example.com/d-arm64.img comes without encryption"
    assert_output_has "bad.yaml:6: ftp://example.com/e-s390x.img is no https URL"
    assert_output_has "bad.yaml:7: downloads/f.img is neither a URL nor an absolute path"
    assert_output_has "bad.yaml:8: the arch 'arm64' is not one of"
    assert_output_has "bad.yaml:9: the arch is riscv64, but https://example.com/h-arm64.img speaks of aarch64"
    assert_output_has "bad.yaml:10: a digest of sha256 has 64 digits"
    assert_output_has "bad.yaml:11: the digest md5:"
    assert_output_has "bad.yaml:12: https://example.com/a-x86_64.img stands there twice"
    assert_output_has "bad.yaml:13: it has no location"
    assert_output_has "bad.yaml:17: there is white space"
}

@test "check-images --online asks the servers" {
    mkdir www
    echo x >www/here.img
    serve www
    digest="digest: \"sha256:$(sha256sum www/here.img | cut -d' ' -f1)\""
    printf 'images:\n- {location: "%s/here.img", arch: x86_64, %s}\n' "$url" "$digest" >online.yaml
    unset http_proxy HTTP_PROXY
    run "$LIMA_SOURCE/tools/check-images" --online online.yaml
    assert_success
    assert_output_has "1 URLs asked"
    printf -- '- {location: "%s/gone.img", arch: aarch64, %s}\n' "$url" "$digest" >>online.yaml
    run "$LIMA_SOURCE/tools/check-images" --online online.yaml
    assert_failure
    assert_output_has "online.yaml:3: $url/gone.img: 404"
}

# --- Fedora Rawhide ---

# The part of Fedora's servers that counts.
rawhide_server() {
    local compose=20260821.n.0 arch images
    for arch in x86_64 aarch64; do
        images=www/development/rawhide/Cloud/$arch/images
        mkdir -p "$images"
        touch "$images/Fedora-Cloud-Base-Generic-Rawhide-$compose.$arch.qcow2"
    done
    echo "SHA256 (Fedora-Cloud-Base-Generic-Rawhide-$compose.x86_64.qcow2) = $(printf 1%.0s {1..64})" \
        >www/development/rawhide/Cloud/x86_64/images/Fedora-Cloud-Rawhide-x86_64-$compose-CHECKSUM
    echo "Fedora-Rawhide-$compose" >www/development/rawhide/COMPOSE_ID
    serve www
    export LIMA_FEDORA_MIRROR=$url no_proxy=127.0.0.1
}

@test "fedora-rawhide: the newest images are looked up" {
    rawhide_server
    run "$LIMA_PREFIX/libexec/lima/limactl-url-fedora-rawhide" _images/fedora-rawhide
    assert_success
    [ "$output" = "$XDG_CACHE_HOME/lima/limactl-url-fedora-rawhide/fedora-rawhide.yaml" ]
    made=$output
    grep -qx -- "- location: $url/development/rawhide/Cloud/x86_64/images/Fedora-Cloud-Base-Generic-Rawhide-20260821.n.0.x86_64.qcow2" "$made"
    grep -qx "  digest: sha256:$(printf 1%.0s {1..64})" "$made"
    grep -q "Rawhide-20260821.n.0.aarch64.qcow2" "$made"
    run limactl validate "$made"
    assert_success
}

@test "fedora-rawhide: its template finds them by the plugin, and makes an instance" {
    rawhide_server
    run limactl validate template:experimental/fedora-rawhide
    assert_success
    run limactl create --vm-type=null --tty=false --name=raw template:experimental/fedora-rawhide
    assert_success
    grep -q "Rawhide-20260821.n.0.x86_64.qcow2" "$LIMA_HOME/raw/lima.yaml"
    ! grep -q '^base:' "$LIMA_HOME/raw/lima.yaml"
}

@test "fedora-rawhide: without a server the last answer counts; without one it says what is wrong" {
    rawhide_server
    plugin=$LIMA_PREFIX/libexec/lima/limactl-url-fedora-rawhide
    "$plugin" _images/fedora-rawhide
    kill "$server" && server=
    run "$plugin" _images/fedora-rawhide
    assert_success
    assert_output_has "the last answer is used"
    rm -r "$XDG_CACHE_HOME/lima"
    run "$plugin" _images/fedora-rawhide
    assert_failure
    assert_output_has "cannot ask $LIMA_FEDORA_MIRROR/development/rawhide/COMPOSE_ID"
    run "$plugin" _images/other
    assert_failure
    assert_output_has "fedora-rawhide:_images/fedora-rawhide"
}
