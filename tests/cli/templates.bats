# The template library: all of it validates and makes instances, and what it downloads has the right form.
load common

suite_setup() { export LIMA_TEMPLATES_PATH=$LIMA_SOURCE/templates; }

# Fedora Rawhide's images are looked up by a program that asks a server: it has a test of its own.
public_names() { limactl create --list-templates | grep -vx experimental/fedora-rawhide; }

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

@test "the image sets are what tools/images.tsv says" {
    run "$LIMA_SOURCE/tools/image-templates" --check
    assert_success
}
