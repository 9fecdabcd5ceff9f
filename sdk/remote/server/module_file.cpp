#include "sdk/remote/server/module_file.hpp"

#include "core/base/fs.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "core/driver/candidates.hpp"

namespace lima::remote {

Result<ModuleFile> find_module(const Options& options) {
    const std::string invoked = driver_name_of(options.argv0);
    if (!options.module.empty()) {
        const std::string name = driver_name_of(options.module);
        if (name.empty()) {
            return failf(Code::kInvalidArgument, "{} is not called lima-driver-NAME.so",
                         options.module.string());
        }
        return ModuleFile{{name, options.module, driver::Origin::kModule},
                          invoked.empty() ? name : invoked};
    }
    driver::SearchPath search = driver::default_search_path();
    if (const auto program = find_program(options.argv0)) {
        std::error_code ec;
        const auto directory = std::filesystem::absolute(*program, ec).parent_path();
        search.drivers_path = directory.string() + ":" + search.drivers_path;
    }
    std::vector<std::string> refusals;
    for (const driver::Candidate& candidate : driver::candidates(search)) {
        // This very program may stand in front of the module.
        if (candidate.origin != driver::Origin::kModule || candidate.name != invoked) {
            continue;
        }
        if (candidate.verdict == driver::Verdict::kRefused) {
            refusals.push_back(candidate.path.string() + ": " + candidate.outcome);
            continue;
        }
        return ModuleFile{{invoked, candidate.path, driver::Origin::kModule}, invoked};
    }
    const std::string why = refusals.empty() ? "" : " (" + join(refusals, "; ") + ")";
    return fail(
        Error(Code::kNotFound, fmt::format("there is no module lima-driver-{}.so{}", invoked, why))
            .with_hint("put it beside the program, or name its directory in "
                       "LIMA_DRIVERS_PATH"));
}

}  // namespace lima::remote
