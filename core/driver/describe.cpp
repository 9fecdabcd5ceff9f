#include "core/driver/describe.hpp"

#include "core/driver/config_schema.hpp"
#include "core/driver/module.hpp"
#include "core/driver/remote.hpp"

#include <lima/ext/config_schema.h>
#include <lima/ext/display.h>
#include <lima/ext/screenshot.h>

#include <array>
#include <map>

namespace lima::driver {
namespace {

/// Sorted.
constexpr std::array kExtensions = {LIMA_EXT_ADOPT,   LIMA_EXT_BOOT_SCRIPTS, LIMA_EXT_CONFIG_SCHEMA,
                                    LIMA_EXT_DISPLAY, LIMA_EXT_GUEST_AGENT,  LIMA_EXT_GUEST_CHANNEL,
                                    LIMA_EXT_GUI,     LIMA_EXT_SCREENSHOT,   LIMA_EXT_SNAPSHOT,
                                    LIMA_EXT_SSH,     LIMA_EXT_STATUS};

Result<Identity> identify(const Found& found, const SearchPath& search) {
    OpenOptions options;
    options.prefixes = search.prefixes;
    LIMA_TRY(const auto driver, Driver::open(found, std::move(options)));
    LIMA_TRY(const auto remote, driver->identify());
    Identity out;
    if (remote) {
        out = {.abi = remote->abi, .version = remote->version, .generation = remote->generation};
    } else {
        LIMA_TRY(const lima_driver_module* module, load_module(found.path, found.name));
        out = {.abi = module->abi, .id = module->id, .version = module->version};
    }
    LIMA_TRY(out.info, driver->info());
    LIMA_TRY(out.config_schema, config_schema(*driver));
    for (const char* id : kExtensions) {
        if (driver->has_extension(id)) {
            out.extensions.emplace_back(id);
        }
    }
    return out;
}

Result<Identity> identify_found(Found found, const SearchPath& search) {
    LIMA_TRY(const Found isolated, as_isolated(std::move(found)));
    return identify(isolated, search);
}

Description describe(Candidate candidate, const SearchPath& search) {
    Description out{.candidate = std::move(candidate)};
    if (out.candidate.verdict != Verdict::kFound) {
        out.reason = out.candidate.outcome;
        return out;
    }
    auto identity =
        identify_found({out.candidate.name, out.candidate.path, out.candidate.origin}, search);
    if (identity) {
        out.identity = std::move(*identity);
    } else {
        out.candidate.verdict = Verdict::kRefused;
        out.reason = identity.error().text();
        out.hint = identity.error().hint();
    }
    return out;
}

}  // namespace

std::vector<Description> describe_all(const SearchPath& search) {
    // Equal keys keep the order in which they came.
    std::multimap<std::string, Description> sorted;
    for (Candidate& candidate : candidates(search)) {
        std::string name = candidate.name;
        sorted.emplace(std::move(name), describe(std::move(candidate), search));
    }
    std::vector<Description> out;
    for (auto& [name, description] : sorted) {
        out.push_back(std::move(description));
    }
    return out;
}

}  // namespace lima::driver
