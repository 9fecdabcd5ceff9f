#include "core/cli/kit/terminal.hpp"

#include "core/base/fd.hpp"

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace lima::cli {

bool is_terminal(int fd) { return isatty(fd) == 1; }

bool output_is_terminal() {
    const char* forced = std::getenv("_LIMA_OUTPUT_IS_TTY");
    return (forced != nullptr && *forced != '\0') || is_terminal(STDOUT_FILENO);
}

int terminal_width() {
    const Fd tty(open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY));
    winsize size{};
    if (!tty || ioctl(tty.get(), TIOCGWINSZ, &size) != 0) {
        return 0;
    }
    return size.ws_col;
}

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

}  // namespace lima::cli
