#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/instance/instance.hpp"

namespace lima::instance {

Result<bool> set_protected(const Context& context, const std::string& name, bool value) {
    LIMA_DO(store::check_instance_name(name));
    const std::filesystem::path dir = context.home.instance_dir(name);
    // Not by inspect: also an instance whose lima.yaml is broken can be protected.
    if (!fs::exists(dir / store::file::kYaml)) {
        return fail(
            Error(Code::kNotFound, fmt::format("instance {} does not exist", name_quote(name)))
                .with_hint("see `limactl list`"));
    }
    const std::filesystem::path file = dir / store::file::kProtected;
    if (fs::exists_nofollow(file) == value) {
        return false;
    }
    if (value) {
        LIMA_DO(fs::write_file_atomic(file, "", 0400));
    } else {
        LIMA_DO(fs::remove_if_exists(file));
    }
    return true;
}

}  // namespace lima::instance
