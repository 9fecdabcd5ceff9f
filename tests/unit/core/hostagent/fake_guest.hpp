// A guest for tests: answers come from a script, and what was asked is remembered.
#pragma once

#include "core/hostagent/guest_shell.hpp"

#include <atomic>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace lima::hostagent {

class FakeGuest final : public CommandRunner {
public:
    using Answer = Result<ssh::CommandResult>;

    static Answer exits(int code, std::string out = {}, std::string err = {}) {
        return ssh::CommandResult{.exit_code = code, .out = std::move(out), .err = std::move(err)};
    }
    static Answer fails(Code code, std::string text) { return fail(code, std::move(text)); }

    /// The last one is repeated.
    std::deque<Answer> answers;
    std::vector<std::string> commands;
    std::vector<std::string> inputs;
    int over_master = 0;
    driver::Cancel cancel;
    std::atomic<int> interrupts = 0;
    std::atomic<bool> in_login = false;
    std::function<void()> on_run;

    Answer run(const std::string& command, std::string_view input,
               std::chrono::milliseconds) override {
        commands.push_back(command);
        inputs.emplace_back(input);
        if (on_run) {
            on_run();
        }
        Answer answer = answers.front();
        if (answers.size() > 1) {
            answers.pop_front();
        }
        return answer;
    }
    Answer run_over_master(const std::string& command, std::string_view input,
                           std::chrono::milliseconds timeout) override {
        ++over_master;
        return run(command, input, timeout);
    }
    void use(const driver::Cancel& now) override { cancel = now; }
    void interrupt() override { ++interrupts; }
    bool logging_in() const override { return in_login; }
};

}  // namespace lima::hostagent
