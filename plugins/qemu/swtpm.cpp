#include "plugins/qemu/swtpm.hpp"

#include "core/base/fs.hpp"
#include "core/base/process.hpp"

namespace lima::qemu {

namespace stdfs = std::filesystem;

Result<stdfs::path> find_swtpm() {
    auto found = find_program("swtpm");
    if (!found) {
        return fail(Error(Code::kNotFound, "cannot find swtpm, which `tpm: true` needs")
                        .with_hint("install it, as with `apt-get install swtpm`, or set tpm to "
                                   "false"));
    }
    return std::move(*found);
}

std::vector<std::string> swtpm_argv(const stdfs::path& program, const stdfs::path& instance_dir) {
    return {program.string(), "socket",
            "--tpmstate",     "dir=" + (instance_dir / kTpmState).string(),
            "--ctrl",         "type=unixio,path=" + (instance_dir / kTpmSocket).string(),
            "--tpm2",         "--terminate",
            "--log",          "level=1"};
}

Result<void> prepare_swtpm(const stdfs::path& instance_dir) {
    LIMA_DO(fs::make_dirs(instance_dir / kTpmState, 0700));
    LIMA_DO(fs::remove_if_exists(instance_dir / kTpmSocket));
    LIMA_DO(fs::remove_if_exists(instance_dir / kTpmState / ".lock"));
    return {};
}

}  // namespace lima::qemu
