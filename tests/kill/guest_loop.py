#!/usr/bin/env python3
"""Kills limactl, the host agent and QEMU, with SIGKILL, while a real guest runs, starts, stops or restarts; afterwards
`limactl start` must bring the same guest back (the very same boot, where QEMU lived on), with the file on its data disk
as it was written last.

The guest is the mini guest of `limactl bootstrap`; its file lies on a data disk, since it has no other.

usage: guest_loop.py PREFIX
environment: LIMA_KILL_SEED, LIMA_KILL_RUNS, LIMA_KILL_SECONDS
"""
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
from killing import Broken, Home, Loop, kill9, verdict  # noqa: E402

NAME = "g"
OPERATIONS = ["run"] * 5 + ["start", "start", "stop", "restart"]
VICTIMS = [["agent"]] * 5 + [["limactl"], ["limactl", "agent"], ["vm"], ["vm"], ["agent", "vm"],
                             ["limactl", "agent", "vm"]]
LONGEST = {"run": 0.0, "start": 8.0, "stop": 3.0, "restart": 10.0}
DISK_SIZE = 64 * 1024 * 1024
# The last disk is the data disk.
MOUNT = ("exec 2>&1; sudo mkdir -p /data; grep -q ' /data ' /proc/mounts || for disk in /dev/vd?; do :; done; "
         "grep -q ' /data ' /proc/mounts || sudo mount -t ext4 $disk /data")


class Guest:
    def __init__(self, home):
        self.home = home
        self.content = ""
        disk = home.path / "_disks" / "data"
        disk.mkdir(parents=True)
        with open(disk / "datadisk", "wb") as file:
            file.truncate(DISK_SIZE)
        path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        subprocess.run(["mkfs.ext4", "-q", "-F", str(disk / "datadisk")], check=True, env=dict(os.environ, PATH=path))
        self.home.env["LIMA_BOOTSTRAP_CACHE"] = os.environ.get("LIMA_BOOTSTRAP_CACHE") or str(
            Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lima" / "bootstrap")
        home.must("bootstrap", "debian-12", "--profile", "mini", timeout=600)
        home.must("start", "--tty=false", f"--name={NAME}", "--set",
                  '.additionalDisks = [{"name": "data", "format": false}]', "template:debian-12-bootstrap-mini",
                  timeout=120)

    def shell(self, script):
        return self.home.must("shell", "--workdir", "/", NAME, "sh", "-c", script, timeout=60)

    def boot_id(self):
        return self.shell("cat /proc/sys/kernel/random/boot_id").strip()

    def write(self, rng):
        """A new content, on the disk before this returns."""
        self.content = hashlib.sha256(rng.randbytes(32)).hexdigest() * 8
        self.shell(f"{MOUNT}; echo {self.content} | sudo tee /data/file.new >/dev/null && sync && "
                   "sudo mv /data/file.new /data/file && sync")

    def check(self):
        wanted = hashlib.sha256((self.content + "\n").encode()).hexdigest()
        said = self.shell(f"{MOUNT}; sha256sum </data/file")
        if wanted not in said:
            raise Broken(f"the file's checksum is not {wanted}:\n{said}")

    def victims_of(self, names, child):
        pids = {"limactl": child.pid if child else 0, "agent": self.home.pid_of("ha.pid"),
                "vm": self.home.pid_of("qemu.pid")}
        ours = self.home.processes()
        return {name: pids[name] for name in names if pids[name] in ours}

    def start_works(self):
        """A killed stop or restart leaves an agent that is taking the guest down; as long as that lasts start says that
        it runs. So what runs must do so for longer than a shutdown takes."""
        end = time.monotonic() + 120
        running_since = None
        while True:
            status, said = self.home.run("start", "--tty=false", NAME, timeout=120)
            if status == 0:
                break
            now = time.monotonic()
            if "already running" in said and self.home.run("shell", "--workdir", "/", NAME, "true")[0] == 0:
                running_since = running_since or now
                if now - running_since > LONGEST["stop"] + 3:
                    break
            else:
                running_since = None
            busy = "already running" in said or "it is starting or stopping" in said
            if not busy or now > end:
                raise Broken(f"start failed with {status}:\n{said}")
            time.sleep(0.3)
        self.home.must_be("Running", "start")

    def settle_after_vm(self, agent):
        """An agent that lived must say within seconds that its VM is gone, and leave Stopped."""
        end = time.monotonic() + 10
        while agent in self.home.processes():
            if time.monotonic() > end:
                raise Broken("QEMU was killed, and the host agent lives on")
            time.sleep(0.02)
        self.home.must_be("Stopped", "the death of QEMU")

    def one(self, rng):
        operation = rng.choice(OPERATIONS)
        names = rng.choice([names for names in VICTIMS if operation != "run" or "limactl" not in names])
        delay = rng.uniform(0, LONGEST[operation])
        self.write(rng)
        if operation == "start":
            self.home.must("stop", NAME, timeout=60)
        before = self.boot_id() if operation == "run" else ""
        child = None
        if operation != "run":
            child = self.home.spawn(operation, NAME) if operation != "start" else self.home.spawn(
                "start", "--tty=false", NAME)
            time.sleep(delay)
        agent = self.home.pid_of("ha.pid")
        for pid in self.victims_of(names, child).values():
            kill9(pid)
        if child:
            self.home.finish(child, 120)
        elif names == ["vm"]:
            self.settle_after_vm(agent)
        self.start_works()
        self.check()
        if operation == "run" and "vm" not in names and self.boot_id() != before:
            raise Broken("only the host agent was killed, and the guest has booted anew")
        return f"{operation} / {'+'.join(names)}"


def main():
    home = Home(sys.argv[1], NAME)
    loop = Loop(runs=100, seconds=1700, least=100)

    def work():
        guest = Guest(home)
        well = loop.run(home, guest.one)
        home.must("stop", NAME, timeout=60)
        home.no_processes()
        home.must("delete", NAME)
        return well

    return verdict(home, loop, work)


if __name__ == "__main__":
    sys.exit(main())
