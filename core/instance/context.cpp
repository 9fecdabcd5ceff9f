#include "core/base/fs.hpp"
#include "core/base/process.hpp"
#include "core/instance/instance.hpp"

namespace lima::instance {
namespace {

/// Beside a program of libexec, else by the prefix of a program of bin.
std::filesystem::path find_hostagent(const std::filesystem::path& self) {
    constexpr const char* kName = "lima-hostagent";
    const std::filesystem::path beside = self.parent_path() / kName;
    if (fs::exists(beside)) {
        return beside;
    }
    return self.parent_path().parent_path() / "libexec" / "lima" / kName;
}

}  // namespace

Result<Context> make_context() {
    LIMA_TRY(store::Home home, store::Home::from_environment());
    LIMA_TRY(HostFacts host, host_facts(), "cannot learn about this machine");
    const std::filesystem::path self = self_executable();
    return Context{std::move(home), std::move(host), self, find_hostagent(self), false, {}};
}

}  // namespace lima::instance
