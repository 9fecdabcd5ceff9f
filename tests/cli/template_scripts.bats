# The scripts of templates, run in a fake guest (tests/cli/fake_guest): they do what they are for, they do it once, and
# what waits for them is satisfied.
load common

# Tools that do no harm.
harmless='bash sh cat cut chmod cp dirname env false grep head ln mkdir mv printf rm sed sleep sort tee test timeout touch tr true'
# What the image has.
present='add-apt-repository apt-get apt-mark containerd curl dnf dpkg-query fake-install git id install kubelet loginctl make
    modinfo modprobe pgrep sudo sysctl systemctl systemd-tmpfiles uname usermod'

suite_setup() {
    export GUEST=$BATS_HOME/guest
    mkdir -p "$GUEST"/{bin,tools,etc/systemd/system,etc/profile.d,etc/tmpfiles.d,etc/modules-load.d,etc/sysctl.d} \
        "$GUEST"/{etc/apt/sources.list.d,etc/default,etc/containerd,run,root,home/user,usr/local/bin}
    touch "$GUEST"/{calls,enabled,packages}
    printf '127.0.0.1 localhost\n192.168.5.2 host.lima.internal\n' >"$GUEST/etc/hosts"
    cp "$LIMA_SOURCE/tests/cli/fake_guest" "$GUEST/fake"
    local each
    for each in $harmless; do ln -s "$(command -v "$each")" "$GUEST/tools/$each"; done
    # not a launcher of some other one, which would look for more tools
    ln -s "$(python3 -c 'import sys; print(sys.executable)')" "$GUEST/tools/python3"
    for each in $present; do ln -s "$GUEST/fake" "$GUEST/bin/$each"; done
    LIMA_TEMPLATES_PATH=$LIMA_SOURCE/templates
    export LIMA_TEMPLATES_PATH
}

# The paths of the guest are below $GUEST.
in_guest() {
    sed -E "s#(^|[^A-Za-z0-9_./}:-])/(etc|home|proc/asound|root|run|usr/local|var/lib)(/|\b)#\1$GUEST/\2\3#g"
}

# instance NAME TEMPLATE [flag…]
instance() {
    local name=$1 template=$2
    shift 2
    limactl create --vm-type=null --tty=false --name="$name" "$@" "template:$template"
    limactl list --format json "$name" >"$name.json"
    jq -r '.config.param // {} | to_entries[] | "export PARAM_\(.key)=\(.value | @sh)"' "$name.json" >"$name.env"
}

# execute SCRIPT NAME: as a boot does it
execute() {
    (
        # shellcheck disable=SC1090 # made above
        . "./$2.env"
        # shellcheck disable=SC2030 # for this subshell
        export HOME=$GUEST/home/user PATH=$GUEST/bin:$GUEST/tools
        cd "$HOME"
        bash "$1"
    ) >"$1.log" 2>&1 || fail_with "$1 failed: $(cat "$1" "$1.log")"
}

# boot NAME: files, then scripts
boot() {
    : >"$GUEST/calls"
    local count i mode
    count=$(jq '.config.provision | length' "$1.json")
    for ((i = 0; i < count; i++)); do
        mode=$(jq -r ".config.provision[$i].mode" "$1.json")
        case $mode in
            system | user)
                jq -rj ".config.provision[$i].script" "$1.json" | in_guest >"$PWD/$1.$i.sh"
                execute "$PWD/$1.$i.sh" "$1"
                ;;
            data | yq) ;;
            *) fail_with "$1 has a script of mode $mode" ;;
        esac
    done
}

probe() {
    local count i
    count=$(jq '.config.probes | length' "$1.json")
    for ((i = 0; i < count; i++)); do
        jq -rj ".config.probes[$i].script" "$1.json" | in_guest >"$PWD/$1.probe.$i.sh"
        execute "$PWD/$1.probe.$i.sh" "$1"
    done
}

called() { grep -qF -- "$1" "$GUEST/calls" || fail_with "not called: $1" "$(cat "$GUEST/calls")"; }

# Boots twice: what is there is not fetched again.
twice() {
    boot "$1"
    cp "$GUEST/calls" first
    probe "$1"
    boot "$1"
    ! grep -E '^(curl|apt-get|dnf|git|add-apt-repository|kubeadm (init|join)|k0s install)\b' "$GUEST/calls" ||
        fail_with "done again by the second boot of $1"
    probe "$1"
    mv first "$GUEST/calls"
}

@test "docker: rootless, with an alias for the host" {
    instance docker docker
    twice docker
    called 'curl -fsSL https://get.docker.com'
    called 'systemctl disable --now docker.service docker.socket'
    called 'dockerd-rootless-setuptool.sh install'
    called 'docker context use rootless'
    [ "$(grep -c 'host.lima.internal host.docker.internal$' "$GUEST/etc/hosts")" = 1 ]
}

@test "docker-rootful: the daemon of the system" {
    instance docker docker-rootful
    twice docker
    called 'curl -fsSL https://get.docker.com'
    called 'systemctl enable --now docker.socket docker.service'
}

@test "podman: the user's socket" {
    instance podman podman
    twice podman
    called 'dnf -y install podman'
    called 'systemctl --user enable --now podman.socket'
}

@test "podman-rootful: root's socket belongs to the user" {
    instance podman podman-rootful
    twice podman
    called 'dnf -y install podman'
    called 'systemctl enable --now podman.socket'
    grep -qx "SocketUser=$(jq -r .config.user.name podman.json)" "$GUEST/etc/systemd/system/podman.socket.d/lima.conf"
    grep -qx 'd .*/run/podman 0711 root root' "$GUEST/etc/tmpfiles.d/00-lima-podman.conf"
}

@test "apptainer: unpacks where there is room" {
    instance apptainer apptainer
    twice apptainer
    called 'add-apt-repository -y ppa:apptainer/ppa'
    called 'apt-get install -y apptainer'
    grep -qx 'export APPTAINER_TMPDIR=/var/tmp' "$GUEST/etc/profile.d/apptainer-tmpdir.sh"
    instance rootful apptainer-rootful
    twice rootful
    called 'apt-get install -y apptainer-suid'
}

@test "faasd: by its installer" {
    instance faasd faasd
    twice faasd
    called 'curl -fsSL https://raw.githubusercontent.com/openfaas/faasd/master/hack/install.sh'
}

@test "k0s: one node; proxies are for its containerd only" {
    instance k0s k0s
    twice k0s
    called 'k0s install controller --single'
    called 'systemctl enable --now k0scontroller.service'
    dropin=$GUEST/etc/systemd/system/k0scontroller.service.d/proxy.conf
    [ ! -e "$dropin" ]
    http_proxy=http://proxy:3128 boot k0s
    grep -qx 'Environment="CONTAINERD_HTTP_PROXY=http://proxy:3128"' "$dropin"
}

@test "k3s: a cluster of its own" {
    instance k3s k3s
    twice k3s
    called 'fake-install k3s --tls-san lima-k3s.internal'
    called 'GITHUB_URL= K3S_URL= K3S_TOKEN='
    [ ! -e "$GUEST/etc/rancher/k3s/registries.yaml" ]
}

@test "k3s: through a proxy and a mirror" {
    instance k3s k3s --param proxy=http://host.lima.internal:3142 --param mirror=http://host.lima.internal:5050
    twice k3s
    called 'GITHUB_URL=http://host.lima.internal:3142/HTTPS///github.com/k3s-io/k3s/releases'
    [ "$(cat "$GUEST/etc/rancher/k3s/registries.yaml")" = 'mirrors:
  "*":
    endpoint: ["http://host.lima.internal:5050"]' ]
}

@test "k3s: a node that joins, whose token is in no log" {
    instance k3s k3s --param url=https://lima-k3s-0.internal:6443 --param token=SECRET
    boot k3s
    called 'K3S_URL=https://lima-k3s-0.internal:6443 K3S_TOKEN=SECRET'
    run ! grep -r SECRET k3s.*.log
    probe k3s
    [ -e "$GUEST/etc/systemd/system/k3s-agent.service" ] && [ ! -e "$GUEST/etc/systemd/system/k3s.service" ]
}

@test "k8s: a cluster of its own" {
    instance k8s k8s
    twice k8s
    called 'curl -fsSL -o'
    called '/Release.key'
    called 'apt-get install -y kubeadm kubelet kubectl'
    called 'kubeadm init --config'
    called 'kubectl apply -f https://github.com/flannel-io/flannel/releases/download/v0.28.9/kube-flannel.yml'
    grep -q '^deb \[signed-by=.*/etc/apt/keyrings/kubernetes.asc\] https://pkgs.k8s.io/core:/stable:/v1.36/deb/ /$' \
        "$GUEST/etc/apt/sources.list.d/kubernetes.list"
    grep -qx '    server: https://127.0.0.1:6443' "$GUEST/root/.kube/config.localhost"
    grep -q "ExecStart=$GUEST/bin/containerd --config" "$GUEST/etc/systemd/system/containerd.service.d/kubernetes.conf"
    python3 - "$GUEST/run/kubeadm.yaml" <<'PY'
import sys, yaml
init, cluster, kubelet = yaml.safe_load_all(open(sys.argv[1]))
assert init["nodeRegistration"]["criSocket"] == "unix:///run/containerd/containerd.sock"
assert cluster["kubernetesVersion"] == "stable"
assert cluster["apiServer"]["certSANs"] == ["127.0.0.1", "lima-k8s.internal"]
assert kubelet["cgroupDriver"] == "systemd"
PY
}

@test "k8s: through a proxy and a mirror" {
    instance k8s k8s --param proxy=http://host.lima.internal:3142 --param mirror=http://host.lima.internal:5050
    twice k8s
    grep -q ' http://host.lima.internal:3142/HTTPS///pkgs.k8s.io/core:/stable:/v1.36/deb/ /$' \
        "$GUEST/etc/apt/sources.list.d/kubernetes.list"
    grep -qxF '[host."http://host.lima.internal:5050"]' "$GUEST/etc/containerd/certs.d/_default/hosts.toml"
}

@test "k8s: a node that joins, whose token is in no log" {
    instance k8s k8s --param url=https://lima-k8s-0.internal:6443 --param token=SECRET \
        --param discoveryTokenCaCertHash=sha256:1234
    boot k8s
    called '--token SECRET --discovery-token-ca-cert-hash sha256:1234 lima-k8s-0.internal:6443'
    run ! grep -r SECRET k8s.*.log
    probe k8s
    boot k8s
    run ! grep -q '^kubeadm' "$GUEST/calls"
}

@test "rke2: proxies are for its containerd only" {
    instance rke2 experimental/rke2
    twice rke2
    called 'systemctl enable --now rke2-server.service'
    http_proxy=http://proxy:3128 boot rke2
    grep -qx 'CONTAINERD_HTTP_PROXY=http://proxy:3128' "$GUEST/etc/default/rke2-server"
}

@test "u7s: a node in rootless Docker" {
    instance u7s experimental/u7s
    twice u7s
    called 'make up'
    called 'make kubeadm-init'
    called 'make install-flannel'
    grep -qx '    server: https://127.0.0.1:6443' "$GUEST/home/user/usernetes/kubeconfig.localhost"
}

@test "linuxbrew: by Homebrew's installer" {
    instance brew linuxbrew
    twice brew
    called 'apt-get install -y build-essential'
    called 'fake-install brew'
}

@test "alsa and vnc" {
    instance alsa experimental/alsa
    twice alsa
    called 'modprobe -a virtio_snd snd_hda_intel'
    instance vnc experimental/vnc
    twice vnc
    called 'systemctl start lightdm.service'
    grep -qx "autologin-user=$(jq -r .config.user.name vnc.json)" "$GUEST/etc/lightdm/lightdm.conf.d/lima.conf"
}
