#include "core/base/exec.hpp"

#include <cerrno>
#include <unistd.h>

namespace lima {

Failure exec_program(const std::filesystem::path& program, std::vector<std::string> argv) {
    std::vector<char*> words;
    for (std::string& word : argv) {
        words.push_back(word.data());
    }
    words.push_back(nullptr);
    execv(program.c_str(), words.data());
    return fail_errno(errno, "cannot run " + program.string());
}

}  // namespace lima
