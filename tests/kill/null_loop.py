#!/usr/bin/env python3
"""Kills limactl, the host agent and the VM's process, with SIGKILL, at random points of create, start, stop,
restart, edit and delete of an instance of the null driver; whatever was hit, the next command must work.

usage: null_loop.py PREFIX
environment: LIMA_KILL_SEED, LIMA_KILL_RUNS, LIMA_KILL_SECONDS
"""
import random
import sys
import time

sys.dont_write_bytecode = True
from killing import Broken, Home, Loop, kill9, verdict  # noqa: E402

NAME = "k"
OPERATIONS = {
    None: ["create", "create", "create --start"],
    "Stopped": ["start", "start", "start", "edit", "delete"],
    "Running": ["stop", "stop", "restart", "delete --force", "stop --force"],
}
VICTIMS = [["limactl"], ["limactl"], ["agent"], ["agent"], ["vm"], ["limactl", "agent"], ["agent", "vm"],
           ["limactl", "agent", "vm"]]
BUSY = "it is starting or stopping"


def words_of(operation, yaml, rng):
    first, *flags = operation.split()
    if first == "create":
        return ["start" if flags else "create", "--tty=false", f"--name={NAME}", yaml]
    if first == "edit":
        return ["edit", "--tty=false", "--set", f".cpus = {rng.randint(1, 9)}", NAME]
    return [first, *flags, NAME]


class Rounds:
    def __init__(self, home):
        self.home = home
        self.yaml = str(home.top / "null.yaml")
        with open(self.yaml, "w", encoding="ascii") as file:
            file.write('vmType: "null"\n')
        self.took = {}

    def bring_to(self, state):
        """By commands that nobody kills."""
        status = self.home.status()
        if status == state:
            return
        if status is not None and (state is None or status != "Stopped"):
            self.home.must("delete", "--force", NAME)
            status = None
        if status is None and state is not None:
            self.home.must("create", "--tty=false", f"--name={NAME}", self.yaml)
        if state == "Running":
            self.home.must("start", NAME)

    def measure(self, rng):
        for state, operations in OPERATIONS.items():
            for operation in sorted(set(operations)):
                self.bring_to(state)
                begin = time.monotonic()
                self.home.must(*words_of(operation, self.yaml, rng))
                self.took[operation] = time.monotonic() - begin

    def children(self, pid):
        try:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                return [int(word) for word in file.read().split()]
        except OSError:
            return []

    def kill_in(self, operation, victims, share, rng):
        # Before: stop and its like meet those that were there already.
        agent, machine = self.home.pid_of("ha.pid"), self.home.pid_of("null.pid")
        child = self.home.spawn(*words_of(operation, self.yaml, rng))
        time.sleep(share * self.took[operation])
        targets = [child.pid] if "limactl" in victims else []
        ours = self.home.processes()
        if "agent" in victims:
            agents = {self.home.pid_of("ha.pid"), agent, *self.children(child.pid)}
            targets += sorted(pid for pid in agents if "lima-hostagent" in ours.get(pid, ""))
        if "vm" in victims:
            targets += sorted({self.home.pid_of("null.pid"), machine} & (ours.keys() - {child.pid}))
        for pid in targets:
            kill9(pid)
        self.home.finish(child, 20)

    def patiently(self, *words):
        """An agent that lost its limactl may be on its way still: the message says to wait, so does this."""
        end = time.monotonic() + 10
        while True:
            status, said = self.home.run(*words)
            if status == 0 or BUSY not in said or time.monotonic() > end:
                return status, said
            time.sleep(0.05)

    def start_works(self):
        status, said = self.patiently("start", NAME)
        if status != 0 and "already running" not in said:
            raise Broken(f"start failed with {status}:\n{said}")
        self.home.must_be("Running", "start")

    def stop_works(self):
        # Twice, where the agent of a start that was killed comes up just after the first.
        for _ in range(2):
            status, said = self.home.run("stop", NAME)
            if status != 0:
                if "expected status" not in said:
                    raise Broken(f"stop failed with {status}:\n{said}")
                self.home.must("stop", "--force", NAME)
            if self.home.status() == "Stopped" and not self.home.processes():
                break
            time.sleep(0.1)
        self.home.must_be("Stopped", "stop")
        self.home.no_processes()
        self.home.no_leftovers()

    def delete_works(self, *flags):
        status, said = self.home.run("delete", *flags, NAME)
        if status != 0 and not flags and "expected status" in said:
            # The agent of a killed start came up meanwhile.
            status, said = self.home.run("delete", "--force", NAME)
        if status != 0:
            raise Broken(f"delete failed with {status}:\n{said}")
        if self.home.dir.exists():
            raise Broken("after delete its directory is there")
        self.home.no_processes()

    def go_on(self, rng):
        """One of the commands that must work now; nothing was cleaned up for it."""
        found = self.home.instance()
        gone = found is None
        if found and any("is not complete" in error for error in found.get("errors") or []):
            # An interrupted create or delete: create and delete are the ways on.
            gone = rng.random() < 0.5
            if not gone:
                self.delete_works(*rng.choice([[], ["--force"]]))
                return "delete"
        if gone:
            self.home.must("create", "--tty=false", f"--name={NAME}", self.yaml)
            self.home.must_be("Stopped", "create")
            return "create"
        choices = ["start", "stop", "delete --force"] + (["delete"] if found["status"] == "Stopped" else [])
        choice = rng.choice(choices)
        if choice == "start":
            self.start_works()
        elif choice == "stop":
            self.stop_works()
        else:
            self.delete_works(*choice.split()[1:])
        return choice

    def one(self, rng):
        state = rng.choice(list(OPERATIONS))
        operation = rng.choice(OPERATIONS[state])
        victims = rng.choice(VICTIMS)
        share = rng.uniform(0, 1.3)
        self.bring_to(state)
        self.kill_in(operation, victims, share, rng)
        after = self.go_on(rng)
        self.home.history[-1] += f" [{'+'.join(victims)} killed at {share:.2f} of {operation}; then {after}]"
        return operation


def main():
    home = Home(sys.argv[1], NAME)
    loop = Loop(runs=400, seconds=50, least=100)

    def work():
        rounds = Rounds(home)
        rounds.measure(random.Random(0))
        return loop.run(home, rounds.one)

    return verdict(home, loop, work)


if __name__ == "__main__":
    sys.exit(main())
