// lima-run-driver: a driver module as a process of its own.
#include "sdk/remote/server/run.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>

int main(int argc, char** argv) {
    try {
        return lima::remote::run({argv, argv + argc});
    } catch (const std::exception& error) {
        std::fprintf(stderr, "lima-run-driver: %s\n", error.what());
        return EXIT_FAILURE;
    }
}
