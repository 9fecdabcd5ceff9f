"""What the kill loops share: a home of their own, commands that are killed at a random point, and looks at what is left.

A run is repeated by its seed and number: everything that is chosen follows from these two. The points in time do too, as
shares of how long the command takes here, which is measured first.
"""
import json
import os
import random
import signal
import subprocess
import tempfile
import time
from pathlib import Path


class Broken(Exception):
    """An invariant does not hold."""


class Home:
    """A LIMA_HOME, and limactl in it."""

    def __init__(self, prefix, name):
        self.name = name
        self.top = Path(tempfile.mkdtemp(prefix="lk.", dir=os.environ.get("TMPDIR", "/tmp")))
        self.path = self.top / "l"
        self.limactl = str(Path(prefix) / "bin" / "limactl")
        self.env = dict(os.environ, LIMA_HOME=str(self.path), LC_ALL="C")
        if os.geteuid() == 0:
            self.env["LIMA_ALLOW_ROOT"] = "1"
        for variable in ("LIMA_INSTANCE", "LIMA_DRIVERS_PATH", "LIMA_TEMPLATES_PATH"):
            self.env.pop(variable, None)
        self.history = []

    @property
    def dir(self):
        return self.path / self.name

    def spawn(self, *arguments):
        self.history.append(" ".join(arguments)[:120])
        out = tempfile.TemporaryFile(dir=self.top)
        child = subprocess.Popen([self.limactl, *arguments], env=self.env, stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=subprocess.STDOUT, start_new_session=True)
        child.output = out
        return child

    def finish(self, child, timeout):
        try:
            status = child.wait(timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            raise Broken(f"`{' '.join(child.args[1:])}` did not end within {timeout} s:\n{self.said(child)}") from None
        return status, self.said(child)

    @staticmethod
    def said(child):
        child.output.seek(0)
        return child.output.read().decode(errors="replace")

    def run(self, *arguments, timeout=30):
        return self.finish(self.spawn(*arguments), timeout)

    def must(self, *arguments, timeout=30):
        status, said = self.run(*arguments, timeout=timeout)
        if status != 0:
            raise Broken(f"`limactl {' '.join(arguments)}` failed with {status}:\n{said}")
        return said

    def instance(self):
        """The instance as `limactl list` tells it, or None."""
        child = subprocess.run([self.limactl, "list", "--format", "json"], env=self.env, stdin=subprocess.DEVNULL,
                               capture_output=True, text=True, timeout=30, check=False)
        if child.returncode != 0:
            raise Broken(f"`limactl list` failed with {child.returncode}:\n{child.stderr}")
        for line in child.stdout.splitlines():
            found = json.loads(line)
            if found["name"] == self.name:
                return found
        return None

    def status(self):
        found = self.instance()
        return found["status"] if found else None

    def must_be(self, status, after):
        found = self.instance() or {}
        if found.get("status") != status:
            errors = "; ".join(found.get("errors") or [])
            raise Broken(f"after {after} it is {found.get('status')}, not {status}: {errors}")

    def pid_of(self, name):
        try:
            return int((self.dir / name).read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return 0

    def processes(self):
        """All that were started here: their environment names this home."""
        found = {}
        needle = str(self.top).encode()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    line = (entry / "cmdline").read_bytes()
                    ours = needle in (entry / "environ").read_bytes()
                except OSError:
                    continue
                if ours and line:
                    found[int(entry.name)] = line.replace(b"\0", b" ").decode(errors="replace").strip()
        return found

    def no_processes(self, within=3.0):
        end = time.monotonic() + within
        while left := self.processes():
            if time.monotonic() > end:
                raise Broken("processes were left behind:\n" + "\n".join(f"{pid} {line}" for pid, line in left.items()))
            time.sleep(0.02)

    def no_leftovers(self):
        left = [path.name for path in self.dir.iterdir() if path.suffix in (".pid", ".sock", ".tmp")]
        if left:
            raise Broken(f"files were left behind: {' '.join(left)}")

    def tell(self):
        """For a failed run: what was done last, and the logs."""
        lines = ["the last commands:", *self.history[-12:]]
        if self.dir.is_dir():
            lines.append("in its directory: " + " ".join(sorted(path.name for path in self.dir.iterdir())))
        for log in ("ha.stderr.log", "serial.log"):
            path = self.dir / log
            if path.is_file():
                lines += [f"--- {log}", *path.read_text(errors="replace").splitlines()[-15:]]
        return "\n".join(lines)

    def remove(self):
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        subprocess.run(["rm", "-rf", str(self.top)], check=False)


def kill9(pid):
    if pid > 0:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True
    return False


class Loop:
    """Runs numbered rounds of one seed, until their number or the time is over, but no fewer than `least`."""

    def __init__(self, runs, seconds, least=0):
        self.seed = int(os.environ.get("LIMA_KILL_SEED") or random.SystemRandom().randrange(1_000_000))
        self.runs = int(os.environ.get("LIMA_KILL_RUNS") or runs)
        self.seconds = float(os.environ.get("LIMA_KILL_SECONDS") or seconds)
        self.least = least
        self.done = 0
        self.counts = {}

    def run(self, home, one_round):
        start = time.monotonic()
        print(f"seed {self.seed} (LIMA_KILL_SEED={self.seed} repeats it)", flush=True)
        try:
            for number in range(self.runs):
                if time.monotonic() - start > self.seconds and self.done >= self.least:
                    break
                what = one_round(random.Random(f"{self.seed}/{number}"))
                self.counts[what] = self.counts.get(what, 0) + 1
                self.done += 1
        except Broken as broken:
            print(f"run {self.done} of seed {self.seed}: {broken}\n{home.tell()}", flush=True)
            return False
        took = time.monotonic() - start
        print(f"{self.done} of {self.done} runs are well, in {took:.0f} s:",
              ", ".join(f"{count} {what}" for what, count in sorted(self.counts.items())))
        return True


def verdict(home, loop, work):
    """The exit status of work(); what breaks beside the loop's runs is told with what is left."""
    try:
        return 0 if work() else 1
    except Broken as broken:
        print(f"{'beside the runs' if loop.done else 'before the first run'}: {broken}\n{home.tell()}")
        return 1
    finally:
        home.remove()
