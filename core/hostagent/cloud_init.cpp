#include "core/hostagent/cloud_init.hpp"

#include "core/base/log.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>

#include <chrono>
#include <csignal>
#include <memory>

namespace lima::hostagent {
namespace {

constexpr std::chrono::minutes kAtMost(10);
constexpr std::chrono::milliseconds kGrace(2000);

/// From the last run's end on; the log of a guest that was booted before holds its earlier boots
/// too.
constexpr const char* kCommand =
    "if systemctl is-enabled -q cloud-init-main.service 2>/dev/null; then"
    " exec sudo -n journalctl -u cloud-init-main.service -b -S @0 -o cat -f; fi;"
    " log=/var/log/cloud-init-output.log;"
    " n=$(sudo -n grep -n 'Cloud-init .* finished' $log 2>/dev/null | tail -n 1 | cut -d: -f1);"
    " total=$(sudo -n cat $log 2>/dev/null | wc -l);"
    " if [ \"${n:-0}\" -ge \"${total:-0}\" ] 2>/dev/null; then n=0; fi;"
    " exec sudo -n tail -n +$((${n:-0} + 1)) -f $log";

hostapi::CloudInitProgress progress(std::string line, bool completed) {
    return {.log_line = std::move(line), .completed = completed, .active = !completed};
}

}  // namespace

std::string cloud_init_command() { return kCommand; }

bool CloudInitLog::is_last(std::string_view line) {
    const std::string lower = to_lower(line);
    if (lower.starts_with("started cloud-init-main.service")) {
        unit_started_ = true;
    }
    if (unit_started_) {
        return lower.starts_with("cloud-init-main.service: consumed");
    }
    return lower.find("cloud-init") != std::string::npos &&
           lower.find("finished") != std::string::npos;
}

asio::awaitable<void> watch_cloud_init(std::vector<std::string> argv,
                                       std::function<void(hostapi::CloudInitProgress)> tell) {
    const auto executor = co_await asio::this_coro::executor;
    tell(progress("", false));
    auto pipe = make_pipe();
    if (!pipe) {
        tell(progress(pipe.error().text(), true));
        co_return;
    }
    SpawnOptions options;
    options.argv = std::move(argv);
    options.stdout_fd = pipe->write.get();
    auto spawned = spawn(options);
    pipe->write.reset();
    if (!spawned) {
        tell(progress(spawned.error().text(), true));
        co_return;
    }
    const auto child = std::make_shared<Child>(std::move(*spawned));
    asio::posix::stream_descriptor output(executor, pipe->read.release());
    // The time limit ends the program; its output ends with it.
    asio::steady_timer limit(executor, kAtMost);
    limit.async_wait([child](const boost::system::error_code& error) {
        if (!error && !child->signal(SIGTERM)) {
            log::debug("cloud-init: nothing left to end");
        }
    });
    CloudInitLog parser;
    std::string buffer;
    std::string reason = "the output of cloud-init has ended";
    for (bool more = true; more;) {
        boost::system::error_code error;
        const std::size_t size =
            co_await asio::async_read_until(output, asio::dynamic_buffer(buffer), '\n',
                                            asio::redirect_error(asio::use_awaitable, error));
        if (error) {
            break;
        }
        const std::string line = buffer.substr(0, size - 1);
        buffer.erase(0, size);
        if (trim(line).empty()) {
            continue;
        }
        tell(progress(line, false));
        if (parser.is_last(line)) {
            reason = "cloud-init has finished";
            more = false;
        }
    }
    limit.cancel();
    if (const auto ended = child->terminate(kGrace); !ended) {
        log::debug("cloud-init: {}", ended.error().text());
    }
    tell(progress(reason, true));
}

}  // namespace lima::hostagent
