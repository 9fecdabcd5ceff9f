# What a real Debian with systemd and cloud-init makes of our seed.
load common

suite_setup() {
    need_guest test
    cat >"$VM_HOME/rich.yaml" <<'YAML'
base: template:debian-12-bootstrap-test
env:
  MY_ENV: "with space"
param:
  word: "hello"
provision:
  - mode: system
    script: |
      #!/bin/sh
      echo "$PARAM_word" >/run/from-system
  - mode: user
    script: |
      #!/bin/sh
      id -un >"$HOME/from-user"
  - mode: boot
    script: |
      #!/bin/sh
      echo boot >/run/from-boot
  - mode: dependency
    skipDefaultDependencyResolution: true
    script: |
      #!/bin/sh
      echo dependency >/run/from-dependency
  - mode: data
    path: /etc/from-data
    content: "data for {{.User}}"
    permissions: "640"
  - mode: data
    path: /etc/kept/kept.json
    content: |
      {"big": 12345678901234567890, "list": [1, "two"]}
  - mode: data
    path: /etc/kept/kept.json
    content: never
    overwrite: false
  - mode: yq
    path: /etc/kept/kept.json
    expression: .list += ["{{.User}}"] | .new.key = true
    permissions: "600"
  - mode: yq
    path: /etc/made/made.json
    expression: .a.b = [1, "x"]
  - mode: yq
    path: /etc/systemd/system/made.socket.d/override.conf
    format: ini
    expression: |
      # who may connect
      .Socket.SocketUser = "{{.User}}" |
      .Socket.SocketMode = "0660"
  - mode: yq
    path: "{{.Home}}/.config/made/made.yaml"
    owner: "{{.User}}"
    expression: .name = "{{.Name}}"
  - mode: yq
    path: /etc/made/made.toml
    expression: .table.word = "{{.Param.word}}" | .top = 1
probes:
  - script: |
      #!/bin/sh
      test -e /run/from-system
    hint: the system script did not run
YAML
}

@test "it boots, with every provisioning mode" {
    run limactl_start rich "$VM_HOME/rich.yaml"
    echo "$output"
    [ "$status" -eq 0 ]
    user=$(in_guest rich id -un)
    [ "$(in_guest rich cat /run/from-system)" = hello ]
    [ "$(in_guest rich sh -c 'cat ~/from-user')" = "$user" ]
    [ "$(in_guest rich cat /run/from-boot)" = boot ]
    [ "$(in_guest rich cat /run/from-dependency)" = dependency ]
    [ "$(in_guest rich sudo cat /etc/from-data)" = "data for $user" ]
    [ "$(in_guest rich sudo stat -c %a /etc/from-data)" = 640 ]
}

@test "data that shall be kept is kept, and yq changes what is there" {
    user=$(in_guest rich id -un)
    run in_guest rich sudo cat /etc/kept/kept.json
    [ "$(jq -c .list <<<"$output")" = "[1,\"two\",\"$user\"]" ]
    [ "$(jq -c .new <<<"$output")" = '{"key":true}' ]
    [[ $output == *12345678901234567890* ]]
    [ "$(in_guest rich sudo stat -c '%a %U' /etc/kept/kept.json)" = "600 root" ]
}

@test "yq makes files in the format of their name, or in the one it is told" {
    user=$(in_guest rich id -un)
    [ "$(in_guest rich cat /etc/made/made.json | jq -c .)" = '{"a":{"b":[1,"x"]}}' ]
    [ "$(in_guest rich cat /etc/systemd/system/made.socket.d/override.conf)" = $'[Socket]\nSocketUser = '"$user"$'\nSocketMode = 0660' ]
    [ "$(in_guest rich sh -c 'cat ~/.config/made/made.yaml')" = "name: rich" ]
    [ "$(in_guest rich sh -c 'stat -c "%a %U" ~/.config/made/made.yaml ~/.config/made')" = $'644 '"$user"$'\n755 '"$user" ]
    [ "$(in_guest rich cat /etc/made/made.toml)" = $'top = 1\n\n[table]\nword = "hello"' ]
}

@test "the agent is yq in the guest" {
    [ "$(in_guest rich lima-guestagent yq -n '1 + 1')" = 2 ]
    [ "$(in_guest rich sh -c 'ln -sf "$(command -v lima-guestagent)" ~/yq && echo "a: 1" | ~/yq .a')" = 1 ]
    [[ $(in_guest rich lima-guestagent yq --version) == *"version v4."* ]]
}

@test "the environment and the markers" {
    [ "$(in_guest rich sh -c 'echo "$MY_ENV"')" = "with space" ]
    iid=$(in_guest rich cat /run/lima-boot-done)
    [ "$(in_guest rich cat /run/lima-ssh-ready)" = "$iid" ]
    grep -q host.lima.internal <(in_guest rich cat /etc/hosts)
}

@test "systemd is content" {
    run in_guest rich systemctl is-system-running --wait
    echo "$output"
    [ "$output" = running ]
    in_guest rich systemctl --user is-system-running
}

@test "the seed reads as ISO 9660, Joliet and Rock Ridge" {
    iso=$LIMA_HOME/rich/cidata.iso
    [ "$(blkid -p -s LABEL -o value "$iso")" = cidata ]
    isoinfo -R -f -i "$iso" | grep -qx /boot.sh
    isoinfo -J -f -i "$iso" | grep -qx /user-data
    in_guest rich sudo test -x /mnt/lima-cidata/boot.sh
}

@test "the disk has grown to its size" {
    kib=$(in_guest rich df --output=size / | tail -n 1)
    disk=$(limactl list -f '{{.Disk}}' rich)
    [ "$((kib * 1024))" -gt "$((disk * 8 / 10))" ]
}

@test "stop, and start again with another instance id" {
    before=$(in_guest rich cat /run/lima-boot-done)
    limactl stop rich
    [ -z "$(leftovers rich)" ]
    sleep 1
    limactl start rich
    [ "$(in_guest rich cat /run/lima-boot-done)" != "$before" ]
    limactl delete --force rich
}
