// Lima's driver process as it was recorded, to be started as a real one is: of the second
// generation with --inst-dir, of the first without. RECORDED is the recording; what the host says
// goes to the directory RECORDED_HEARD.
#include "tests/support/playback.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sys/socket.h>
#include <sys/un.h>

namespace {

using lima::test::RecordedStep;
using Kind = RecordedStep::Kind;

/// What Go's `flag` exits with when it does not know a flag.
constexpr int kUsage = 2;

std::string text_of(const char* variable) {
    const char* value = std::getenv(variable);
    return value == nullptr ? "" : value;
}

/// What had been said when the mark was set, since the mark before; nothing without that mark.
std::vector<RecordedStep> part(const std::string& mark) {
    std::vector<RecordedStep> out;
    for (const RecordedStep& step : lima::test::read_recording(text_of("RECORDED"))) {
        if (step.kind != Kind::kMark) {
            out.push_back(step);
        } else if (step.bytes == mark) {
            return out;
        } else {
            out.clear();
        }
    }
    return {};
}

void hear(const std::string& mark, std::string_view bytes) {
    std::ofstream file(text_of("RECORDED_HEARD") + "/" + mark, std::ios::app | std::ios::binary);
    file << bytes;
}

/// A process that reads all of its stdin, answers, and ends.
int answer(const std::string& mark) {
    const std::vector<RecordedStep> steps = part(mark);
    if (steps.empty()) {
        return kUsage;
    }
    hear(mark, std::string(std::istreambuf_iterator<char>(std::cin), {}));
    for (const RecordedStep& step : steps) {
        if (step.kind == Kind::kAgent) {
            std::cout << step.bytes;
        }
    }
    return 0;
}

lima::Fd listen_at(const std::string& path) {
    lima::Fd out(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (bind(out.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        listen(out.get(), 1) != 0) {
        std::perror(path.c_str());
        std::exit(1);
    }
    return out;
}

/// One connection, as it was one then.
int serve(const lima::Fd& listener) {
    constexpr const char* kConnection = "connection";
    const lima::Fd host(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    lima::test::Playback playback(
        host.get(), {.heard = [](std::string_view bytes) { hear(kConnection, bytes); }});
    const bool played = playback.play(part(kConnection));
    hear(played ? "all of it" : "a part", "was played");
    playback.hear_the_rest();
    return played ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string flag = argc > 1 ? argv[1] : "";
    if (argc == 2) {
        return answer(flag.substr(std::string_view("--").size()));
    }
    // Only the first generation fills a config in before it is configured.
    const bool is_first = !part("pre-driver-action").empty();
    if (is_first != (argc == 1) || (argc == 3 && flag != "--inst-dir")) {
        return kUsage;
    }
    const std::string dir = is_first ? text_of("RECORDED_HEARD") : argv[2];
    const std::string socket = dir + "/qemu.drv.sock";
    const lima::Fd listener = listen_at(socket);
    if (is_first) {
        std::cout << R"({"socketPath":")" << socket << "\"}" << std::endl;
    }
    return serve(listener);
}
