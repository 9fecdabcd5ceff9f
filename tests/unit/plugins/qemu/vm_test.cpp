// The driver with a real QEMU (emulated, no KVM needed). First without any guest: the BIOS that
// finds nothing to boot is VM enough for start, monitor, stop, kill and adoption. Then, where
// LIMA_TEST_GUEST names a directory as limactl-bootstrap makes them (boot/vmlinuz, boot/initrd,
// disk.raw), a Linux that powers itself off by the button.
#include "core/base/process.hpp"
#include "hosted_driver.hpp"

#include <csignal>
#include <cstdlib>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lima::qemu::test {
namespace {

using namespace std::chrono_literals;

class QemuVm : public HostedDriver {
protected:
    void SetUp() override {
        if (!find_program("qemu-system-x86_64")) {
            GTEST_SKIP() << "there is no qemu-system-x86_64";
        }
        HostedDriver::SetUp();
    }

    pid_t vm_pid() {
        const auto started = events_.wait_for("started", 1s);
        return started ? static_cast<pid_t>(json_int(started->data, "pid")) : 0;
    }
    /// Everything a VM leaves must be gone; logs stay.
    void expect_clean() {
        const auto names = fs::list_names(inst_);
        ASSERT_TRUE(names);
        for (const std::string& name : *names) {
            EXPECT_FALSE(name.ends_with(".sock") || name.ends_with(".pid")) << name;
        }
    }
    Result<void> stop_at_once(driver::Driver& driver) {
        driver::Cancel cancel;
        cancel.trigger();
        return driver.stop(&cancel);
    }
};

/// A listening socket on a free port of loopback.
class TakenPort {
public:
    TakenPort() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
        ::listen(fd_.get(), 1);
        socklen_t size = sizeof address;
        ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        number_ = ntohs(address.sin_port);
    }
    int number() const { return number_; }

private:
    Fd fd_;
    int number_ = 0;
};

TEST_F(QemuVm, StartsAndStopsAtOnceWhenCancelled) {
    auto driver = open();
    ASSERT_TRUE(driver->configure(instance()));
    ASSERT_TRUE(driver->validate());
    const auto started = driver->start();
    ASSERT_TRUE(started) << started.error().text();
    EXPECT_GT(vm_pid(), 0);
    EXPECT_TRUE(fs::exists(inst_ / "qemu.pid"));
    const auto again = driver->start();
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), Code::kAlreadyExists);

    const auto agent = driver->connect_guest_agent();
    ASSERT_TRUE(agent) << agent.error().text();
    Fd closed(*agent);

    const auto before = std::chrono::steady_clock::now();
    const auto stopped = stop_at_once(*driver);
    ASSERT_TRUE(stopped) << stopped.error().text();
    EXPECT_LT(std::chrono::steady_clock::now() - before, 4s);
    const auto exited = events_.wait_for("exited", 1s);
    ASSERT_TRUE(exited);
    EXPECT_EQ(json_int(exited->data, "code", -9), 0);
    EXPECT_EQ(events_.count("exited"), 1U);
    expect_clean();
    EXPECT_TRUE(driver->stop()) << "stop of a stopped VM";
}

TEST_F(QemuVm, WaitsForNoGuestThatHasNotBegun) {
    auto driver = open();
    ASSERT_TRUE(driver->configure(instance()));
    ASSERT_TRUE(driver->start());
    const auto before = std::chrono::steady_clock::now();
    const auto stopped = driver->stop();
    ASSERT_TRUE(stopped) << stopped.error().text();
    EXPECT_LT(std::chrono::steady_clock::now() - before, 10s) << "the BIOS hears no power button";
    EXPECT_TRUE(events_.wait_for("exited", 1s));
    expect_clean();
}

TEST_F(QemuVm, TellsAtOnceThatQemuWasKilled) {
    auto driver = open();
    ASSERT_TRUE(driver->configure(instance()));
    ASSERT_TRUE(driver->start());
    ASSERT_EQ(::kill(vm_pid(), SIGKILL), 0);
    const auto exited = events_.wait_for("exited", 2s);
    ASSERT_TRUE(exited);
    EXPECT_EQ(json_int(exited->data, "signal"), SIGKILL);
    EXPECT_TRUE(exited->data["stderr"].is_string());
    EXPECT_TRUE(exited->data["serial"].is_string());
    EXPECT_TRUE(driver->stop());
    expect_clean();
    ASSERT_TRUE(driver->start()) << "it starts again";
    ASSERT_TRUE(stop_at_once(*driver));
}

TEST_F(QemuVm, NamesTheTakenPort) {
    const TakenPort port;
    Json with_port = instance();
    with_port["sshLocalPort"] = port.number();
    auto driver = open();
    ASSERT_TRUE(driver->configure(with_port));
    const auto started = driver->start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code(), Code::kUnavailable) << started.error().text();
    EXPECT_NE(started.error().text().find(fmt::format("host port {} is taken", port.number())),
              std::string::npos)
        << started.error().text();
    EXPECT_FALSE(started.error().hint().empty());
    EXPECT_EQ(events_.count("exited"), 0U);
    expect_clean();
}

TEST_F(QemuVm, LocksAdditionalDisksForItsLife) {
    Json with_disk = instance();
    with_disk["config"]["additionalDisks"] = {{{"name", "data"}}};
    const auto disk = FakeDisks::instance().directory / "data";
    ASSERT_TRUE(fs::make_dirs(disk));
    ASSERT_TRUE(fs::write_file_atomic(disk / "datadisk", std::string(1 << 20, '\0')));
    auto driver = open();
    ASSERT_TRUE(driver->configure(with_disk));
    const auto started = driver->start();
    ASSERT_TRUE(started) << started.error().text();
    EXPECT_TRUE(FakeDisks::instance().locked.contains("data"));
    ASSERT_TRUE(stop_at_once(*driver));
    EXPECT_FALSE(FakeDisks::instance().locked.contains("data"));
}

TEST_F(QemuVm, UnlocksWhenStartFails) {
    Json broken = instance();
    broken["config"]["additionalDisks"] = {{{"name", "data"}}};
    broken["config"]["vmOpts"] = {{"qemu", {{"cpuType", {{"x86_64", "max,nonsense=on"}}}}}};
    const auto disk = FakeDisks::instance().directory / "data";
    ASSERT_TRUE(fs::make_dirs(disk));
    ASSERT_TRUE(fs::write_file_atomic(disk / "datadisk", std::string(1 << 20, '\0')));
    auto driver = open();
    ASSERT_TRUE(driver->configure(broken));
    const auto started = driver->start();
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().text().find("nonsense"), std::string::npos) << started.error().text();
    EXPECT_FALSE(FakeDisks::instance().locked.contains("data"));
    expect_clean();
}

TEST_F(QemuVm, IsAdoptedByTheNextHost) {
    pid_t pid = 0;
    {
        auto first = open();
        ASSERT_TRUE(first->configure(instance()));
        ASSERT_TRUE(first->start());
        pid = vm_pid();
    }
    ASSERT_EQ(::kill(pid, 0), 0) << "a VM outlives the driver object";
    auto second = open();
    ASSERT_TRUE(second->configure(instance()));
    const auto refused = second->start();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::kAlreadyExists) << refused.error().text();
    EXPECT_TRUE(fs::exists(inst_ / "qmp.sock")) << "a refused start touches nothing";
    const auto adopted = second->adopt();
    ASSERT_TRUE(adopted) << adopted.error().text();
    const auto stopped = stop_at_once(*second);
    ASSERT_TRUE(stopped) << stopped.error().text();
    EXPECT_TRUE(events_.wait_for("exited", 2s));
    expect_clean();
}

TEST_F(QemuVm, NoticesTheEndOfAnAdoptedVm) {
    {
        auto first = open();
        ASSERT_TRUE(first->configure(instance()));
        ASSERT_TRUE(first->start());
    }
    const pid_t pid = vm_pid();
    auto second = open();
    ASSERT_TRUE(second->configure(instance()));
    ASSERT_TRUE(second->adopt());
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    EXPECT_TRUE(events_.wait_for("exited", 2s));
    EXPECT_TRUE(second->stop());
    expect_clean();
    const auto none = second->adopt();
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code(), Code::kNotFound);
}

TEST_F(QemuVm, StopsAnOrphanWhoseMonitorIsTaken) {
    {
        auto first = open();
        ASSERT_TRUE(first->configure(instance()));
        ASSERT_TRUE(first->start());
    }
    const auto intruder = connect_unix((inst_ / "qmp.sock").string());
    ASSERT_TRUE(intruder);
    ASSERT_TRUE(wait_readable(intruder->get(), 5s).value_or(false)) << "greeted, so it is served";
    auto second = open();
    ASSERT_TRUE(second->configure(instance()));
    const auto stopped = stop_at_once(*second);
    ASSERT_TRUE(stopped) << stopped.error().text();
    EXPECT_EQ(::waitpid(vm_pid(), nullptr, WNOHANG), vm_pid()) << "it is a child of this test";
    expect_clean();
}

/// Where a network of the configuration listens.
Fd listen_unix(const std::filesystem::path& path) {
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd.get(), 1), 0);
    return fd;
}

TEST_F(QemuVm, HandsNetworkSocketsOver) {
    const auto path = home_->path() / "n";
    const Fd listener = listen_unix(path);
    Json networked = instance();
    networked["config"]["networks"] = {
        {{"socket", path.string()}, {"macAddress", "52:55:55:01:02:03"}}};
    auto driver = open();
    ASSERT_TRUE(driver->configure(networked));
    const auto started = driver->start();
    ASSERT_TRUE(started) << started.error().text();
    const Fd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    ASSERT_TRUE(peer);
    EXPECT_TRUE(wait_readable(peer.get(), 60s).value_or(false)) << "the BIOS asks for an address";
    ASSERT_TRUE(stop_at_once(*driver));
    char buffer[4096];
    ssize_t count = 0;
    while ((count = ::read(peer.get(), buffer, sizeof buffer)) > 0) {
    }
    EXPECT_EQ(count, 0) << "nobody else holds the other end";
}

TEST_F(QemuVm, NamesANetworkThatIsNotThere) {
    Json networked = instance();
    networked["config"]["networks"] = {{{"socket", (home_->path() / "n").string()}}};
    auto driver = open();
    ASSERT_TRUE(driver->configure(networked));
    const auto started = driver->start();
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().text().find("`networks[0]`"), std::string::npos)
        << started.error().text();
    expect_clean();
}

/// The serial log once it holds the text, or what there is after the time.
std::string wait_for_log(const std::filesystem::path& log, std::string_view text,
                         std::chrono::seconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    std::string content;
    do {
        content = fs::read_file(log).value_or("");
        if (content.find(text) != std::string::npos) {
            break;
        }
        std::this_thread::sleep_for(100ms);
    } while (std::chrono::steady_clock::now() < deadline);
    return content;
}

/// Where `limactl bootstrap` keeps the small guest; empty when it is not built.
std::filesystem::path mini_guest() {
    const char* cache = std::getenv("LIMA_BOOTSTRAP_CACHE");
    const char* home = std::getenv("HOME");
    const std::filesystem::path all =
        cache != nullptr
            ? std::filesystem::path(cache)
            : std::filesystem::path(home != nullptr ? home : "") / ".cache/lima/bootstrap";
    constexpr std::string_view kName = "debian-12-bootstrap-mini-";
    for (const auto& name : fs::list_names(all).value_or(std::vector<std::string>{})) {
        if (name.starts_with(kName) && !name.starts_with("debian-12-bootstrap-mini-aarch64") &&
            fs::exists(all / name / "disk.raw") && fs::exists(all / name / "boot/vmlinuz")) {
            return all / name;
        }
    }
    return {};
}

TEST_F(QemuVm, PowersALinuxGuestOff) {
    const std::filesystem::path dir = mini_guest();
    if (dir.empty()) {
        GTEST_SKIP() << "build the guest first: limactl bootstrap debian-12 --profile mini";
    }
    std::filesystem::copy_file(dir / "boot/vmlinuz", inst_ / "kernel");
    std::filesystem::copy_file(dir / "boot/initrd", inst_ / "initrd");
    std::filesystem::copy_file(dir / "disk.raw", inst_ / "image");
    ASSERT_TRUE(fs::write_file_atomic(inst_ / "kernel.cmdline", "console=ttyS0\n"));
    auto driver = open();
    Json linux = instance();
    linux["config"]["memory"] = "512MiB";
    ASSERT_TRUE(driver->configure(linux));
    const auto disk = driver->create_disk();
    ASSERT_TRUE(disk) << disk.error().text();
    const auto started = driver->start();
    ASSERT_TRUE(started) << started.error().text();
    std::string log = wait_for_log(inst_ / "serial.log", "# ", 60s);
    ASSERT_NE(log.find("# "), std::string::npos) << log;
    // A guest that has not written is not waited for. The button may be pressed before somebody
    // hears it: the driver presses again.
    const auto console = connect_unix((inst_ / "serial.sock").string());
    ASSERT_TRUE(console);
    ASSERT_TRUE(write_all(console->get(),
                          "until dd if=/proc/version of=/dev/vda conv=fsync; do sleep 0.1; done; "
                          "echo wrote=$((6*7))\n"));
    log = wait_for_log(inst_ / "serial.log", "wrote=42", 60s);
    ASSERT_NE(log.find("wrote=42"), std::string::npos) << log;
    const auto before = std::chrono::steady_clock::now();
    const auto stopped = driver->stop();
    ASSERT_TRUE(stopped) << stopped.error().text();
    const auto exited = events_.wait_for("exited", 1s);
    ASSERT_TRUE(exited);
    EXPECT_EQ(json_string(exited->data, "reason"), "guest-shutdown") << dump_json(exited->data, 1);
    EXPECT_NE(json_string(exited->data, "serial"), "");
    EXPECT_LT(std::chrono::steady_clock::now() - before, 90s);
    expect_clean();
}

}  // namespace
}  // namespace lima::qemu::test
