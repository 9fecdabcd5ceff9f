// Level 7: what a driver leaves behind in the process of its host.
#include "check/object.hpp"
#include "check/tests/tests.hpp"

#include <cstdio>
#include <thread>

namespace lima::check {
namespace {

constexpr int kCycles = 100;
constexpr int kCyclesAway = 3;  // each of them is a process
constexpr int kSettleMs = 2'000;

void cycle(Bench& bench) {
    const Object object(bench);
    object.info_object();
    for (const char* id : kExtensionIds) {
        object.extension(id);
    }
    object.configured();
    object.stop();
}

void cycles(Bench& bench) {
    for (int i = 0; i < (bench.away() ? kCyclesAway : kCycles); ++i) {
        cycle(bench);
    }
}

/// Lives of a VM, where it can have one.
void lives(Bench& bench) {
    for (int i = 0; i < 5; ++i) {
        Object object(bench);
        const Json info = object.info_object();
        object.configured();
        if ((info.value("needsImage", true) && bench.target().instance.empty()) ||
            !object.validate().ok()) {
            return;
        }
        prepare_vm(bench, object);
        start_vm(bench, object);
        stop_vm(bench, object);
        object.close();
        object.host().settle();
    }
}

void descriptors(Bench& bench) {
    cycle(bench);  // libraries may keep what they need
    lives(bench);
    const auto before = open_descriptors();
    cycles(bench);
    lives(bench);
    // A library behind a connection closes it in its own time.
    const std::size_t spare = bench.away() ? 4 : 0;
    if (eventually(kSettleMs, [&] { return open_descriptors().size() <= before.size() + spare; })) {
        return;
    }
    std::string left;
    const auto after = open_descriptors();
    for (const auto& [fd, what] : after) {
        if (before.count(fd) == 0 && left.size() < 100) {
            left += (left.empty() ? "" : ", ") + std::to_string(fd) + " " + what;
        }
    }
    bench.expect(false, "after " + std::to_string(kCycles) + " objects " +
                            std::to_string(after.size() - before.size()) +
                            " descriptors are left: " + left + " …");
}

void threads(Bench& bench) {
    cycle(bench);
    lives(bench);
    const int before = thread_count();
    cycles(bench);
    lives(bench);
    bench.expect(eventually(kSettleMs, [&] { return thread_count() <= before; }),
                 std::to_string(thread_count() - before) + " threads are left after " +
                     std::to_string(kCycles) + " objects");
}

/// Everything that can be called without a VM that needs an image.
void whole_life(Bench& bench, const Object& object) {
    const Json info = object.info_object();
    for (const char* id : kExtensionIds) {
        object.extension(id);
    }
    object.configured();
    object.configure("this is no JSON");
    const Outcome valid = object.validate();
    object.create();
    if (valid.ok() && (!info.value("needsImage", true) || !bench.target().instance.empty())) {
        object.create_disk();
        start_vm(bench, object);
        object.start();
        stop_vm(bench, object);
    }
    object.stop();
    object.remove();
}

void process_unchanged(Bench& bench) {
    module_of(bench);
    const auto before = process_state();
    Object object(bench);
    whole_life(bench, object);
    object.close();
    const auto after = process_state();
    for (const auto& [name, value] : before) {
        const auto now = after.find(name);
        bench.expect(now != after.end() && now->second == value,
                     name == "the environment"
                         ? "the driver changes the environment"
                         : "the driver changes " + name + " from " + shorten(value, 60) + " to " +
                               (now == after.end() ? "nothing" : shorten(now->second, 60)));
    }
}

void silent(Bench& bench) {
    const std::size_t before[] = {written_to(1), written_to(2)};
    Object object(bench);
    whole_life(bench, object);
    object.close();
    std::fflush(nullptr);
    bench.expect(written_to(1) == before[0], "the driver prints to stdout");
    bench.expect(written_to(2) == before[1], "the driver prints to stderr");
}

/// A VM that goes on, and ends when nobody is there any more to be told of it.
void after_destroy(Bench& bench) {
    Object object(bench);
    const Json info = object.info_object();
    object.configured();
    std::int64_t pid = -1;
    if ((!info.value("needsImage", true) || !bench.target().instance.empty()) &&
        object.validate().ok()) {
        prepare_vm(bench, object);
        start_vm(bench, object);
        pid = object.host().child_pid();
        if (pid < 0) {
            pid = locked_pid(pid_file(bench)).value_or(-1);
        }
    }
    object.close();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    if (pid > 0) {
        kill_process(pid);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    for (const std::string& what : object.host().late_calls()) {
        bench.expect(false, "after destroy the host is still called: " + what);
    }
}

}  // namespace

const std::vector<Test> kLeakTests = {
    {"leaks.descriptors", 7, kAnyWay, "100 objects leave no descriptor", descriptors, 120},
    // lima-remote.so is exempt: the library behind its calls keeps its threads.
    {"leaks.threads", 7, kModule, "100 objects leave no thread", threads, 120},
    {"process.state", 7, kAnyWay, "signals, directory, umask, locale, environment stay",
     process_unchanged},
    {"process.silence", 7, kAnyWay, "nothing goes to stdout or stderr", silent},
    {"destroy.silence", 7, kAnyWay, "after destroy the host is not called", after_destroy},
};

}  // namespace lima::check
