// lima-fetch: downloads or copies one file, verifies and unpacks it. Internal to limactl, which
// writes a JSON request to its stdin and reads JSON lines from its stdout
// (core/fetch/protocol.hpp). Untrusted bytes stay in this process.

#include "core/base/fd.hpp"
#include "core/base/version.hpp"
#include "core/fetch/program/cancel.hpp"
#include "core/fetch/program/http.hpp"
#include "core/fetch/program/job.hpp"
#include "core/fetch/program/reporter.hpp"

#include <fmt/core.h>

#include <exception>
#include <unistd.h>

namespace lima::fetch {
namespace {

Result<Fetched> serve(Reporter& reporter) {
    LIMA_TRY(const std::string text, read_all(STDIN_FILENO), "cannot read the request");
    LIMA_TRY(const Order order, decode_order(text));
    check_parent(order.parent);
    if (cancelled()) {
        return fail(Code::kCancelled, "nobody waits for the file any more");
    }
    init_http();
    return run(order, reporter);
}

int run_program() {
    install_cancellation();
    Reporter reporter(STDOUT_FILENO);
    auto fetched = serve(reporter);
    if (!fetched) {
        reporter.finish(Reply(std::move(fetched.error()).with_phase("download")));
        return 1;
    }
    reporter.finish(Reply(std::move(*fetched)));
    return 0;
}

}  // namespace
}  // namespace lima::fetch

int main(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "--version") {
        fmt::print("lima-fetch version {}\n", lima::version());
        return 0;
    }
    if (argc > 1 || isatty(STDIN_FILENO) == 1) {
        fmt::print(stderr, "lima-fetch: internal to limactl, which starts it\n");
        return 1;
    }
    try {
        return lima::fetch::run_program();
    } catch (const std::exception& error) {
        fmt::print(stderr, "lima-fetch: {}\n", error.what());
    } catch (...) {
        fmt::print(stderr, "lima-fetch: unknown exception\n");
    }
    return 1;
}
