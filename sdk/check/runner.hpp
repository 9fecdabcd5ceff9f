// Runs each test in a process of its own, this program again, and tells what became of it. One
// after the other: tests measure time. Thread: main only.
#pragma once

#include "check/tests/tests.hpp"

#include <functional>

namespace lima::check {

struct Verdict {
    const Test* test = nullptr;
    Status status = Status::kPass;
    std::vector<std::string> messages;
    long took_ms = 0;
};

/// The words with which this program was called go to each test's process as well.
Verdict run_in_process(const Test& test, const Target& target, const Path& dir,
                       const std::vector<std::string>& words);

/// The other side: the test itself, in the process that was made for it.
void run_here(const Test& test, Target target, const Path& dir);

}  // namespace lima::check
