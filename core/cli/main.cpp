// limactl. Everything is in the command files; this is the process's edge.
#include "core/cli/kit/cli.hpp"

#include <csignal>
#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
    // A reader that goes away is an error of write, not a death.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        lima::cli::Cli cli;
        return cli.main(lima::cli::Args(argv, argv + argc));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "limactl: internal error: %s\n", error.what());
    } catch (...) {
        std::fprintf(stderr, "limactl: internal error\n");
    }
    return 1;
}
