#include "check/runner.hpp"

#include <csignal>
#include <fstream>
#include <iterator>

namespace lima::check {
namespace {

constexpr int kAnswerFd = 3;
constexpr int kLeaveMs = 5'000;

std::string last_words(const Path& file) {
    std::ifstream stream(file);
    std::string text{std::istreambuf_iterator<char>(stream), {}};
    constexpr std::size_t kMost = 300;
    if (text.size() > kMost) {
        text.erase(0, text.size() - kMost);
    }
    while (!text.empty() && text.back() == '\n') {
        text.pop_back();
    }
    return text.empty() ? text : ": " + shorten(text, kMost);
}

Status status_of(const std::string& name) {
    for (const Status status : {Status::kPass, Status::kWarn, Status::kFail, Status::kSkip}) {
        if (name == status_name(status)) {
            return status;
        }
    }
    return Status::kFail;
}

}  // namespace

Verdict run_in_process(const Test& test, const Target& target, const Path& dir,
                       const std::vector<std::string>& words) {
    Verdict verdict{&test, Status::kPass, {}, 0};
    const Path own = dir / "t";
    std::error_code ignored;
    std::filesystem::create_directories(own, ignored);
    Answer answer;
    Launch launch;
    launch.argv = {self().string(), "--run-one", test.name, "--dir", own.string()};
    launch.argv.insert(launch.argv.end(), words.begin(), words.end());
    launch.out = dir / "stdout";
    launch.err = dir / "stderr";
    launch.inherit = {answer.child_end()};
    const auto begin = Clock::now();
    std::string error;
    const std::unique_ptr<Child> child = start(launch, error);
    if (!child) {
        return {&test, Status::kFail, {error}, 0};
    }
    const int limit = target.timeout_ms > 0 ? target.timeout_ms : test.limit_s * 1000;
    const std::string text = answer.take(limit);
    std::optional<Exit> exit = child->wait(
        text.empty() ? std::max<int>(1, limit - static_cast<int>(ms_since(begin))) : kLeaveMs);
    if (!exit) {
        child->signal(SIGKILL);
        child->wait(-1);
    }
    end_orphans();
    verdict.took_ms = ms_since(begin);
    const Json json = Json::parse(text, nullptr, false);
    if (json.is_object()) {
        verdict.status = status_of(json.value("status", ""));
        verdict.messages = json.value("messages", std::vector<std::string>());
    } else if (!exit) {
        verdict.status = Status::kHang;
        verdict.messages = {"it has not ended after " + std::to_string(limit) + " ms" +
                            last_words(launch.err)};
    } else {
        verdict.status = Status::kCrash;
        verdict.messages = {exit->text() + last_words(launch.err)};
    }
    for (const Path& path : {own, launch.out, launch.err}) {
        std::filesystem::remove_all(path, ignored);
    }
    return verdict;
}

void run_here(const Test& test, Target target, const Path& dir) {
    keep_private(kAnswerFd);
    Bench bench(std::move(target), dir, kAnswerFd);
    try {
        test.run(bench);
    } catch (const Stop&) {
        // it is noted why
    } catch (const std::exception& e) {
        bench.expect(false, std::string("the answer could not be read: ") + e.what());
    }
    bench.report();
    // A VM that was left alone, or a bad driver's threads: nothing of theirs runs any more.
    leave_at_once(0);
}

}  // namespace lima::check
