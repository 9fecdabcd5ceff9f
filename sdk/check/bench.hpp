// One test at work: what it is run on, and what it finds. A test is a function of a Bench; it says
// what it expects and goes on where it can. Owner: the process of the test, which has only the one.
// Thread: findings may come from any.
#pragma once

#include "check/platform.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

namespace lima::check {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;
inline long ms_since(Clock::time_point begin) {
    return static_cast<long>(
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count());
}

enum class Status { kPass, kWarn, kFail, kSkip, kCrash, kHang };
const char* status_name(Status status);
bool is_bad(Status status);

/// How the driver is reached. The values are bits: a test says for which it is.
enum Way : unsigned {
    kModule = 1,   // loaded into this process
    kVia = 2,      // a module in the process of lima-run-driver
    kProgram = 4,  // an external driver
};
constexpr unsigned kAway = kVia | kProgram;
constexpr unsigned kAnyWay = kModule | kAway;

/// What is under test, as the command line has it.
struct Target {
    Way way = kModule;
    Path path;             // the module or program
    Path run_driver;       // kVia
    Path remote;           // lima-remote.so, for kVia and kProgram
    std::string name;      // by the file's name: the vmType
    Path instance;         // JSON of an instance that can start; may be empty
    int timeout_ms = 0;    // for one test; 0: as the test has it
    int patience_ms = -1;  // with a stop, which is cancelled then; negative: no end
};

/// Ends a test early; thrown and caught by the kit's own code alone.
struct Stop {};

class Bench {
public:
    Bench(Target target, Path dir, int answer_fd)
        : target_(std::move(target)), dir_(std::move(dir)), answer_fd_(answer_fd) {}

    const Target& target() const { return target_; }
    bool away() const { return target_.way != kModule; }
    /// A directory for this test alone.
    const Path& dir() const { return dir_; }
    /// How long one call of the driver may take before it hangs.
    int call_limit_ms() const { return target_.instance.empty() ? 15'000 : 300'000; }

    /// Notes the failure when it is not so; gives it back.
    bool expect(bool condition, const std::string& failure);
    /// The same, and there is no point in going on.
    void need(bool condition, const std::string& failure);
    void warn(const std::string& message);
    [[noreturn]] void skip(const std::string& reason);
    /// Fails now and for good, though threads of the driver hang.
    [[noreturn]] void give_up(const std::string& failure);

    /// Tells the runner what was found.
    void report();

private:
    void note(Status status, const std::string& message);

    Target target_;
    Path dir_;
    int answer_fd_;
    std::mutex mutex_;
    Status status_ = Status::kPass;
    std::vector<std::string> messages_;
};

/// One line, not too long.
std::string shorten(std::string text, std::size_t longest = 200);

}  // namespace lima::check
