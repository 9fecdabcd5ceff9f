#include "core/hostagent/mount/sftp_server.hpp"

#include "core/base/process.hpp"
#include "core/base/text.hpp"

namespace lima::hostagent {

std::vector<std::filesystem::path> sftp_server_places() {
    std::vector<std::filesystem::path> out;
    // Homebrew's OpenSSH keeps it away from PATH.
    for (const char* prefix : {"/usr/local", "/opt/homebrew"}) {
        std::error_code error;
        if (std::filesystem::exists(std::string(prefix) + "/sbin/sshd", error)) {
            out.emplace_back(std::string(prefix) + "/opt/openssh/libexec/sftp-server");
            out.emplace_back(std::string(prefix) + "/libexec/sftp-server");
        }
    }
    for (const char* directory :
         {"/usr/libexec", "/usr/libexec/openssh", "/usr/lib", "/usr/lib/openssh", "/usr/lib/ssh"}) {
        out.push_back(std::filesystem::path(directory) / "sftp-server");
    }
    return out;
}

Result<std::filesystem::path> find_sftp_server(const std::vector<std::filesystem::path>& places) {
    if (auto found = find_program("sftp-server")) {
        return found;
    }
    for (const std::filesystem::path& place : places) {
        if (auto found = find_program(place.string())) {
            return found;
        }
    }
    return fail(Error(Code::kNotFound, "sftp-server is not on this host")
                    .with_hint("install OpenSSH's sftp-server (Debian: openssh-sftp-server), or "
                               "set mountType to \"9p\""));
}

std::vector<std::string> sftp_server_argv(const std::filesystem::path& program,
                                          const std::string& location, bool writable) {
    std::vector<std::string> argv = {program.string(), "-e", "-d",
                                     replace_all(location, "%", "%%")};
    if (!writable) {
        argv.emplace_back("-R");
    }
    return argv;
}

}  // namespace lima::hostagent
