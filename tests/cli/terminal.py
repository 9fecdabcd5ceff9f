#!/usr/bin/env python3
"""Runs a command on a pseudo-terminal and talks with it, as its user would.

usage: terminal.py [--columns N] COMMAND [ARGUMENT…] <<DIALOGUE

The dialogue, a step a line: "expect TEXT" waits until the command has written the text, behind what was expected before;
"send TEXT" types a line, "type TEXT" a part of one; "key c" types Ctrl-C, and so on. What the command wrote goes to stdout, and its exit status is ours; an
expectation that is not met within 20 seconds is status 99.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

PATIENCE = 20


class Terminal:
    def __init__(self, argv, columns):
        self.written = ""
        self.seen = 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            os.execvp(argv[0], argv)

    def read(self, until):
        """More of what the command writes; False at its end, or when the time is over."""
        ready, _, _ = select.select([self.fd], [], [], max(0, until - time.monotonic()))
        try:
            data = os.read(self.fd, 65536) if ready else b""
        except OSError:
            data = b""
        self.written += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)

    def expect(self, text):
        until = time.monotonic() + PATIENCE
        while True:
            at = self.written.find(text, self.seen)
            if at >= 0:
                self.seen = at + len(text)
                return True
            if not self.read(until):
                return False

    def type(self, data):
        os.write(self.fd, data)

    def end(self):
        until = time.monotonic() + PATIENCE
        while self.read(until):
            pass
        while time.monotonic() < until:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return 99


def main():
    argv = sys.argv[1:]
    columns = 80
    if argv[0] == "--columns":
        columns, argv = int(argv[1]), argv[2:]
    steps = [line.rstrip("\n").partition(" ") for line in sys.stdin if line.strip()]
    terminal = Terminal(argv, columns)
    missed = None
    for verb, _, text in steps:
        if verb == "expect":
            if not terminal.expect(text):
                missed = text
                os.kill(terminal.pid, signal.SIGKILL)
                break
        elif verb == "send":
            terminal.type(text.encode() + b"\n")
        elif verb == "type":
            terminal.type(text.encode())
        elif verb == "key":
            terminal.type(bytes([ord(text.upper()) & 0x1F]))
        else:
            sys.exit(f"unknown step: {verb}")
    status = terminal.end()
    print(terminal.written, end="")
    if missed is not None:
        print(f"--- not seen: {missed}")
        status = 99
    sys.exit(status if status >= 0 else 128 - status)


main()
