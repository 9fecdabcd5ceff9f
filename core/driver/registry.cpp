#include "core/driver/registry.hpp"

#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "core/driver/candidates.hpp"
#include "core/driver/trust.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <string_view>
#include <sys/auxv.h>
#include <sys/stat.h>

namespace lima::driver {
namespace {

using Path = std::filesystem::path;

constexpr std::string_view kPrefix = "lima-driver-";
constexpr std::string_view kModuleSuffix = ".so";

/// A directory or a file to look at.
struct Place {
    Path path;
    bool is_file = false;
    bool modules = true;
    bool executables = true;
};

/// The driver's name in a file name, and whether it is a module's.
struct FileName {
    std::string name;
    Origin origin = Origin::kModule;
};
std::optional<FileName> parse_file_name(std::string_view file) {
    if (!file.starts_with(kPrefix)) {
        return std::nullopt;
    }
    file.remove_prefix(kPrefix.size());
    FileName out{.name = std::string(file), .origin = Origin::kExecutable};
    if (file.ends_with(kModuleSuffix)) {
        out.name.resize(file.size() - kModuleSuffix.size());
        out.origin = Origin::kModule;
    } else if (file.ends_with(".exe")) {
        return std::nullopt;
    }
    if (out.name.empty()) {
        return std::nullopt;
    }
    return out;
}

std::string file_name(const std::string& name, Origin origin) {
    std::string out(kPrefix);
    out += name;
    if (origin == Origin::kModule) {
        out += kModuleSuffix;
    }
    return out;
}

std::vector<Place> places(const SearchPath& search) {
    std::vector<Place> out;
    for (const std::string& element : split(search.drivers_path, ':')) {
        if (element.empty()) {
            continue;
        }
        std::error_code ec;
        Path path = std::filesystem::absolute(element, ec);
        if (ec) {
            path = element;
        }
        const bool is_file =
            std::filesystem::exists(path, ec) && !std::filesystem::is_directory(path, ec);
        out.push_back({.path = std::move(path), .is_file = is_file});
    }
    for (const Path& prefix : search.prefixes) {
        out.push_back({.path = prefix / "lib/lima/drivers", .executables = false});
    }
    for (const Path& prefix : search.prefixes) {
        out.push_back({.path = prefix / "libexec/lima", .modules = false});
    }
    return out;
}

/// Why a file cannot be a driver, or "" when it can.
std::string refusal(const Path& path, Origin origin) {
    struct stat own{};
    if (lstat(path.c_str(), &own) != 0) {
        return "not found";
    }
    if (std::error_code ec; std::filesystem::is_directory(path, ec)) {
        return "a directory";
    }
    if (origin == Origin::kExecutable && (own.st_mode & 0111) == 0) {
        return "not executable";
    }
    return distrust(path);
}

bool wanted(const Place& place, Origin origin) {
    return origin == Origin::kModule ? place.modules : place.executables;
}

/// Looks at one file and keeps it when it is the first of its name.
void consider(const Path& path, const FileName& file, std::map<std::string, Path>& first,
              std::vector<Candidate>& out) {
    Candidate candidate{.name = file.name, .path = path, .origin = file.origin};
    candidate.outcome = refusal(path, file.origin);
    candidate.verdict = Verdict::kRefused;
    if (candidate.outcome.empty()) {
        const auto [entry, is_first] = first.try_emplace(file.name, path);
        candidate.verdict = is_first ? Verdict::kFound : Verdict::kHidden;
        candidate.outcome = is_first ? "found" : "hidden by " + entry->second.string();
    }
    out.push_back(std::move(candidate));
}

void add_nothing(const Path& path, std::string outcome, std::vector<Candidate>& out) {
    out.push_back({.path = path, .outcome = std::move(outcome)});
}

void scan_directory(const Place& place, std::map<std::string, Path>& first,
                    std::vector<Candidate>& out) {
    const auto names = fs::list_names(place.path);
    if (!names) {
        add_nothing(place.path,
                    names.error().code() == Code::kNotFound ? "not found" : names.error().text(),
                    out);
        return;
    }
    bool any = false;
    // Modules first: of one name in one directory the one that runs in process wins.
    for (const Origin origin : {Origin::kModule, Origin::kExecutable}) {
        for (const std::string& name : *names) {
            const auto file = parse_file_name(name);
            if (file && file->origin == origin && wanted(place, origin)) {
                consider(place.path / name, *file, first, out);
                any = true;
            }
        }
    }
    if (!any) {
        add_nothing(place.path, "no drivers in it", out);
    }
}

Path prefix_of(const Path& executable) {
    const Path directory = executable.parent_path();
    // Our daemons lie one deeper than limactl: libexec/lima.
    if (directory.filename() == "lima" && directory.parent_path().filename() == "libexec") {
        return directory.parent_path().parent_path();
    }
    return directory.parent_path();
}

/// argv[0] as an absolute path with links kept; empty when it tells nothing.
Path invoked_path() {
    const auto cmdline = fs::read_file("/proc/self/cmdline");
    if (!cmdline || cmdline->empty()) {
        return {};
    }
    const auto path = find_program(cmdline->c_str());  // up to the first NUL
    if (!path) {
        return {};
    }
    std::error_code ec;
    return std::filesystem::absolute(*path, ec).lexically_normal();
}

Error not_found(const std::string& name, const Discovery& discovery,
                const std::vector<Tried>& candidates) {
    std::vector<std::string> looked;
    for (const Tried& candidate : candidates) {
        looked.push_back(candidate.path.string() + ": " + candidate.outcome);
    }
    std::vector<std::string> known;
    for (const Found& driver : discovery.drivers) {
        known.push_back(driver.name);
    }
    std::string hint = "put " + file_name(name, Origin::kModule) +
                       " into a directory and name that in LIMA_DRIVERS_PATH";
    if (!known.empty()) {
        hint += ", or use one of these as vmType: " + join(known, ", ");
    }
    return Error(Code::kNotFound,
                 fmt::format("unknown or unsupported VM type {}: no driver of that name (tried {})",
                             go_quote(name), looked.empty() ? "no place" : join(looked, "; ")))
        .with_hint(std::move(hint));
}

}  // namespace

SearchPath default_search_path() {
    SearchPath out;
    const bool privileged = getauxval(AT_SECURE) != 0;
    if (const char* text = std::getenv("LIMA_DRIVERS_PATH"); text != nullptr && !privileged) {
        out.drivers_path = text;
    }
    // argv[0] is the caller's word, so a privileged process does not follow it.
    std::vector<Path> executables;
    if (!privileged) {
        executables.push_back(invoked_path());
    }
    executables.push_back(self_executable());
    for (const Path& executable : executables) {
        if (executable.empty()) {
            continue;
        }
        Path prefix = prefix_of(executable);
        if (std::find(out.prefixes.begin(), out.prefixes.end(), prefix) == out.prefixes.end()) {
            out.prefixes.push_back(std::move(prefix));
        }
    }
    return out;
}

std::vector<Candidate> candidates(const SearchPath& search) {
    std::map<std::string, Path> first;
    std::vector<Candidate> out;
    for (const Place& place : places(search)) {
        if (!place.is_file) {
            scan_directory(place, first, out);
        } else if (const auto file = parse_file_name(place.path.filename().string())) {
            consider(place.path, *file, first, out);
        } else {
            add_nothing(place.path, "not named lima-driver-NAME.so or lima-driver-NAME", out);
        }
    }
    return out;
}

Discovery discover(const SearchPath& search) {
    Discovery out;
    for (Candidate& candidate : candidates(search)) {
        if (candidate.verdict == Verdict::kFound) {
            out.drivers.push_back({candidate.name, candidate.path, candidate.origin});
        }
        out.tried.push_back({std::move(candidate.path), std::move(candidate.outcome)});
    }
    std::sort(out.drivers.begin(), out.drivers.end(),
              [](const Found& a, const Found& b) { return a.name < b.name; });
    return out;
}

Result<Found> find(const SearchPath& search, const std::string& name) {
    if (name.empty() || name.find('/') != std::string::npos) {
        return failf(Code::kInvalidArgument, "{} is no name of a driver", go_quote(name));
    }
    std::vector<Tried> looked_at;
    for (const Place& place : places(search)) {
        for (const Origin origin : {Origin::kModule, Origin::kExecutable}) {
            const std::string file = file_name(name, origin);
            if (!wanted(place, origin) || (place.is_file && place.path.filename() != file)) {
                continue;
            }
            const Path path = place.is_file ? place.path : place.path / file;
            std::string outcome = refusal(path, origin);
            if (outcome.empty()) {
                return Found{name, path, origin};
            }
            looked_at.push_back({path, std::move(outcome)});
        }
    }
    return fail(not_found(name, discover(search), looked_at));
}

}  // namespace lima::driver
