#include "sdk/remote/server/run.hpp"

#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/log.hpp"
#include "core/instance/host_disk.hpp"
#include "core/store/home.hpp"
#include "sdk/remote/server/actions.hpp"
#include "sdk/remote/server/log.hpp"
#include "sdk/remote/server/module_file.hpp"
#include "sdk/remote/server/server.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <future>
#include <sys/signalfd.h>
#include <unistd.h>

namespace lima::remote {
namespace {

constexpr int kUsage = 2;
/// Nobody has called by then: who started us is gone.
constexpr std::chrono::seconds kForlorn{60};
/// Leaving takes no longer, whatever the driver does.
constexpr std::chrono::milliseconds kLeaving{900};

/// Standard streams are open, so that no socket gets their numbers; then nothing but what is
/// written by intent gets to stdout.
void open_standard_streams() {
    for (int fd = open("/dev/null", O_RDWR); fd >= 0; fd = open("/dev/null", O_RDWR)) {
        if (fd > STDERR_FILENO) {
            close(fd);
            return;
        }
    }
}

void silence_stdout() {
    const Fd null(open("/dev/null", O_WRONLY | O_CLOEXEC));
    dup2(null.get(), STDOUT_FILENO);
}

/// All threads have these blocked; the poller reads them.
Result<Fd> take_signals() {
    std::signal(SIGPIPE, SIG_IGN);
    sigset_t wanted;
    sigemptyset(&wanted);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        sigaddset(&wanted, number);
    }
    pthread_sigmask(SIG_BLOCK, &wanted, nullptr);
    Fd fd(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd) {
        return fail_errno(errno, "cannot listen to signals");
    }
    return fd;
}

std::filesystem::path lima_home(const Options& options) {
    if (const auto home = store::Home::from_environment()) {
        return home->root();
    }
    return options.inst_dir.parent_path();
}

driver::OpenOptions open_options(const Options& options) {
    driver::OpenOptions open;
    open.host_name = "lima-run-driver";
    open.lima_home = lima_home(options);
    open.host_extensions = instance::host_extensions();
    return open;
}

int report(const Error& error, int code = EXIT_FAILURE) {
    log::error("{}", error.text());
    if (!error.hint().empty()) {
        log::info("{}", error.hint());
    }
    return code;
}

int run_action(const Options& options, const ModuleFile& module) {
    const auto answer = [&]() -> Result<std::string> {
        LIMA_TRY(const std::string input, read_all(STDIN_FILENO));
        LIMA_TRY(const auto driver, driver::Driver::open(module.found, open_options(options)));
        return options.action == Action::kInspectStatus ? inspect_status(*driver, input)
                                                        : fill_config(*driver, input);
    }();
    if (!answer) {
        return report(answer.error());
    }
    if (const auto written = write_all(STDOUT_FILENO, *answer); !written) {
        return report(written.error());
    }
    return EXIT_SUCCESS;
}

std::filesystem::path socket_path(const Options& options, const ModuleFile& module) {
    if (options.action == Action::kServe) {
        return options.inst_dir / (module.name + ".drv.sock");
    }
    const char* tmp = std::getenv("TMPDIR");
    const std::filesystem::path dir = tmp != nullptr && *tmp != '\0' ? tmp : "/tmp";
    return dir / fmt::format("lima-driver-{}-{}.sock", module.name, getpid());
}

/// The handshake of generation 1: one line, and nothing after it.
Result<void> tell_socket(const std::filesystem::path& socket) {
    Json line = Json::object();
    line["socketPath"] = socket.string();
    LIMA_DO(write_all(STDOUT_FILENO, dump_json(line) + "\n"), "cannot tell the socket");
    silence_stdout();
    return {};
}

/// The process while it serves. Members in the order of their making.
class Process {
public:
    Result<void> start(const Options& options, const ModuleFile& module);
    /// Returns when it is time to go; the main thread's work is done here.
    void serve() { served_->main().run(); }
    void leave();

private:
    void on_signal();
    void on_forlorn();

    Fd signals_;
    Poller poller_;
    bool leaving_ = false;  // of the poller's thread: the objects below are going
    std::unique_ptr<Served> served_;
    std::unique_ptr<Server> server_;
};

Result<void> Process::start(const Options& options, const ModuleFile& module) {
    // Before the first thread.
    auto signals = take_signals();
    poller_.start();
    LIMA_TRY(signals_, std::move(signals));
    const auto open = [&](driver::OpenOptions with) {
        return driver::Driver::open(module.found, std::move(with));
    };
    LIMA_TRY(served_, Served::create(open, open_options(options), [this] {
                 log::info("the last host has gone; leaving");
                 served_->main().close();
             }));
    log_to(&served_->feed());
    poller_.post([this] {
        poller_.add(signals_.get(), [this] { on_signal(); });
        poller_.after(kForlorn, [this] { on_forlorn(); });
    });
    const std::filesystem::path socket = socket_path(options, module);
    const bool first = options.action == Action::kServeFirst;
    LIMA_TRY(server_, Server::start(*served_, poller_,
                                    {.socket = socket,
                                     .instance_dir = options.inst_dir,
                                     .generation = first ? Generation::kOne : Generation::kTwo}));
    if (first) {
        return tell_socket(socket);
    }
    silence_stdout();
    return {};
}

void Process::on_signal() {
    signalfd_siginfo info{};
    if (read(signals_.get(), &info, sizeof info) == sizeof info) {
        log::info("received {}; leaving", strsignal(static_cast<int>(info.ssi_signo)));
        // The main thread may be in the driver's window: cancelled, it comes back.
        served_->calls().cancel_all();
        served_->main().close();
        poller_.after(kLeaving, [] { _exit(EXIT_SUCCESS); });
    }
}

void Process::on_forlorn() {
    if (!leaving_ && !served_->called()) {
        log::warn("no host has called for {} seconds; leaving", kForlorn.count());
        served_->main().close();
    }
}

void Process::leave() {
    // A driver that hangs, or does not heed a cancelled call, does not keep us.
    std::promise<void> alone;
    poller_.post([this, &alone] {
        leaving_ = true;
        poller_.remove(signals_.get());
        poller_.after(kLeaving, [] { _exit(EXIT_SUCCESS); });
        alone.set_value();
    });
    alone.get_future().wait();
    server_.reset();
    log_to(nullptr);
    served_.reset();
}

int run_server(const Options& options, const ModuleFile& module) {
    if (options.action == Action::kServe && !fs::exists(options.inst_dir)) {
        return report(Error(Code::kNotFound, fmt::format("the instance directory {} is not there",
                                                         options.inst_dir.string())));
    }
    // Ctrl-C in the terminal of who started us is not for us.
    setsid();
    Process process;
    const auto started = process.start(options, module);
    if (started) {
        log::debug("serving the driver {}", module.found.path.string());
        process.serve();
    }
    const int code = started ? EXIT_SUCCESS : report(started.error());
    process.leave();
    return code;
}

}  // namespace

int run(const std::vector<std::string>& argv) {
    open_standard_streams();
    install_log();
    const auto options = parse_options(argv);
    const std::string program = argv.empty() ? "lima-run-driver" : argv[0];
    if (!options) {
        log::error("{}", options.error().text());
        const std::string text = help(program);
        (void)write_all(STDERR_FILENO, text);
        return kUsage;
    }
    if (options->action == Action::kHelp) {
        return write_all(STDOUT_FILENO, help(program)) ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    const auto module = find_module(*options);
    if (!module) {
        return report(module.error());
    }
    const bool serves = options->action == Action::kServe || options->action == Action::kServeFirst;
    return serves ? run_server(*options, *module) : run_action(*options, *module);
}

}  // namespace lima::remote
