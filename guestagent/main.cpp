// lima-guestagent: the agent in the guest.
#include "core/base/log_format.hpp"
#include "core/base/text.hpp"
#include "core/base/version.hpp"
#include "core/text/yq/program.hpp"
#include "guestagent/agent/daemon.hpp"
#include "guestagent/agent/options.hpp"
#include "guestagent/install/systemd.hpp"

#include <cstdio>
#include <exception>
#include <unistd.h>

namespace {

using lima::Result;
using lima::guestagent::Action;
using lima::guestagent::Options;

/// Lines on stderr, which the service manager keeps.
class StderrSink final : public lima::log::Sink {
public:
    void write(lima::log::Level level, std::string_view message,
               const lima::log::Fields& fields) override {
        const lima::log::Record record{level, message, fields, std::chrono::system_clock::now(),
                                       std::chrono::seconds(0)};
        const std::string line = lima::log::encode(lima::log::Format::kText, record);
        // A log that nobody takes is no reason to fail.
        [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
    }
};

void print(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

Result<void> act(const Options& options) {
    switch (options.action) {
        case Action::kHelp:
            print(options.help);
            return {};
        case Action::kVersion:
            print("lima-guestagent version " + std::string(lima::version().substr(1)) + "\n");
            return {};
        case Action::kDaemon:
            return lima::guestagent::run_daemon(options);
        case Action::kInstallSystemd:
            return lima::guestagent::install::install_systemd_here(options);
        case Action::kYq:
            break;  // a program of its own
    }
    return {};
}

int run(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    auto options =
        lima::guestagent::parse_command_line(argc > 0 ? argv[0] : "lima-guestagent", arguments);
    if (options) {
        lima::log::set_level(options->debug ? lima::log::Level::kDebug : lima::log::Level::kInfo);
    }
    if (options && options->action == Action::kYq) {
        return lima::text::yq::yq_main(options->yq);
    }
    const Result<void> done =
        options ? act(*options) : Result<void>(lima::fail(std::move(options.error())));
    if (!done) {
        std::string text = "Error: " + done.error().text() + "\n";
        if (!done.error().hint().empty()) {
            text += "Hint: " + done.error().hint() + "\n";
        }
        std::fputs(text.c_str(), stderr);
        return 1;
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    static StderrSink sink;
    lima::log::set_sink(&sink);
    int status = 1;
    try {
        status = run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "Error: %s\n", error.what());
    } catch (...) {
        std::fputs("Error: unknown exception\n", stderr);
    }
    // Without destructors: threads may still be at work, and all that matters is on disk.
    ::_exit(status);
}
