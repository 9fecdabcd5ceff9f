// lima-hostagent: the daemon of one instance. Started by `limactl start` in a session of its own,
// with its events on stdout and its log on stderr.
#include "core/base/lock.hpp"
#include "core/base/log.hpp"
#include "core/base/work_queue.hpp"
#include "core/hostagent/agent.hpp"
#include "core/hostagent/line_file.hpp"

#include <boost/asio/io_context.hpp>

#include <csignal>
#include <cstdio>
#include <exception>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace lima::hostagent {
namespace {

/// Calls that block: driver operations, ssh, files.
constexpr std::size_t kWorkers = 4;

/// Before the first thread: every thread then has them blocked, and only the loop's lets them in
/// again.
void block_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

void unblock_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGCHLD);
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void raise_file_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/// On a thread of its own, because a driver's window may want the main one.
std::exception_ptr run_loop(asio::io_context& loop, WorkQueue& main_thread) {
    std::exception_ptr escaped;
    std::thread thread([&] {
        unblock_signals();
        try {
            loop.run();
        } catch (...) {
            escaped = std::current_exception();
        }
        main_thread.close();
    });
    main_thread.run();
    thread.join();
    return escaped;
}

int run_agent(const Options& options) {
    asio::io_context loop(1);
    asio::thread_pool pool(kWorkers);
    WorkQueue main_thread;
    int code = 1;
    {
        Agent agent(loop, pool, main_thread, options, STDOUT_FILENO);
        asio::co_spawn(loop, agent.run(), [&](const std::exception_ptr& escaped, int result) {
            code = escaped ? 1 : result;
            if (escaped) {
                log::write(log::Level::kFatal, "the host agent failed unexpectedly");
            }
            loop.stop();
        });
        const std::exception_ptr escaped = run_loop(loop, main_thread);
        pool.join();
        if (escaped) {
            std::rethrow_exception(escaped);
        }
    }
    return code;
}

Result<int> run(const Options& options) {
    std::optional<PidFile> pid_file;
    if (!options.pid_file.empty()) {
        LIMA_TRY(PidFile taken, PidFile::create(options.pid_file));
        pid_file.emplace(std::move(taken));
    }
    raise_file_limit();
    const int code = run_agent(options);
    if (pid_file) {
        pid_file->remove();
    }
    return code;
}

int main_guarded(int argc, char** argv) {
    block_signals();
    static auto* log_file = new LogFile(STDERR_FILENO);  // leaked: statics that die may log
    log::set_sink(log_file);
    log::set_level(log::Level::kDebug);
    const auto options = parse_options({argv + 1, argv + argc});
    if (!options) {
        log::write(log::Level::kFatal, options.error().text());
        return 1;
    }
    if (options->help) {
        std::fputs(usage().c_str(), stdout);
        return 0;
    }
    if (options->debug) {
        log::set_level(log::Level::kTrace);
    }
    const auto code = run(*options);
    if (!code) {
        log::write(log::Level::kFatal, code.error().text());
        return 1;
    }
    return *code;
}

}  // namespace
}  // namespace lima::hostagent

int main(int argc, char** argv) {
    try {
        return lima::hostagent::main_guarded(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "lima-hostagent: %s\n", error.what());
    } catch (...) {
        std::fputs("lima-hostagent: unknown exception\n", stderr);
    }
    return 1;
}
