#include "core/cli/format/drivers.hpp"

#include "core/base/text.hpp"
#include "core/cli/format/table.hpp"

#include <fmt/format.h>

namespace lima::cli {

namespace {

using driver::Description;
using driver::Identity;
using driver::Info;
using driver::Verdict;

std::string state(const Description& driver) {
    if (driver.identity) {
        return "loaded";
    }
    return driver.candidate.verdict == Verdict::kHidden ? "hidden" : "refused";
}

/// A program of the original's make speaks no ABI, but one of two generations of a protocol.
std::string abi_text(const Identity& identity) {
    if (identity.abi == 0 && !identity.generation.empty()) {
        return "gen" + identity.generation;
    }
    return fmt::format("{}.{}", identity.abi >> 16, identity.abi & 0xffffU);
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

/// The text of the registry has no path, that of the loader has.
std::string reason_line(const Description& driver) {
    const std::string path = driver.candidate.path.string();
    std::string text = driver.reason.find(path) != std::string::npos ? "" : path + ": ";
    text += driver.reason;
    return driver.hint.empty() ? text : text + " (" + driver.hint + ")";
}

Json features_json(const Info& info) {
    Json features = {{"canRunGui", info.can_run_gui},
                     {"dynamicSSHAddress", info.dynamic_ssh_address},
                     {"staticSSHPort", info.static_ssh_port},
                     {"skipSocketForwarding", info.skip_socket_forwarding},
                     {"noCloudInit", info.no_cloud_init},
                     {"rosettaEnabled", info.rosetta_enabled},
                     {"rosettaBinFmt", info.rosetta_bin_fmt}};
    if (!info.supported_image_formats.empty()) {
        features["supportedImageFormats"] = info.supported_image_formats;
    }
    return features;
}

Json info_json(const Info& info) {
    return {{"name", info.name},
            {"vsockPort", info.vsock_port},
            {"virtioPort", info.virtio_port},
            {"features", features_json(info)},
            {"needsImage", info.needs_image},
            {"hasGuest", info.has_guest}};
}

std::string features_text(const Info& info) {
    std::vector<std::string> names;
    const Json features = features_json(info);
    for (const auto& [name, value] : features.items()) {
        if (value.is_boolean() && value.get<bool>()) {
            names.push_back(name);
        }
    }
    return names.empty() ? "-" : join(names, ", ");
}

std::string images_text(const Info& info) {
    if (!info.needs_image) {
        return "none is needed";
    }
    return info.supported_image_formats.empty() ? "any" : join(info.supported_image_formats, ", ");
}

std::string agent_text(const Info& info) {
    if (!info.has_guest) {
        return "no guest";
    }
    if (!info.virtio_port.empty()) {
        return "virtio port " + info.virtio_port;
    }
    return info.vsock_port != 0 ? fmt::format("vsock port {}", info.vsock_port) : "-";
}

std::string line(const std::string& title, const std::string& value) {
    return fmt::format("{:<16}{}\n", title + ":", value);
}

std::string identity_text(const Identity& identity) {
    std::string out = line("ABI", abi_text(identity));
    if (!identity.generation.empty()) {
        out += line("Protocol", identity.generation == "own" ? "lima.driver.v1"
                                                             : "generation " + identity.generation);
    }
    out += line("Id", or_dash(identity.id));
    out += line("Version", or_dash(identity.version));
    out += line("Extensions", identity.extensions.empty() ? "-" : join(identity.extensions, ", "));
    out += line("Features", features_text(identity.info));
    out += line("Image formats", images_text(identity.info));
    out += line("Guest agent", agent_text(identity.info));
    return out;
}

}  // namespace

std::string driver_kind(driver::Origin origin) {
    switch (origin) {
        case driver::Origin::kModule:
            return "module";
        case driver::Origin::kExecutable:
            return "external";
        case driver::Origin::kStatic:
            return "in-tree";
    }
    return "";
}

std::string drivers_table(const std::vector<Description>& drivers) {
    std::vector<Row> rows = {{"NAME", "KIND", "ABI", "VERSION", "STATE", "LOCATION"}};
    std::string reasons;
    std::string places;
    for (const Description& driver : drivers) {
        if (driver.candidate.verdict == Verdict::kNothing) {
            places += "  " + reason_line(driver) + "\n";
            continue;
        }
        const auto& identity = driver.identity;
        rows.push_back({driver.candidate.name, driver_kind(driver.candidate.origin),
                        identity ? abi_text(*identity) : "-",
                        identity ? or_dash(identity->version) : "-", state(driver),
                        driver.candidate.path.string()});
        if (!identity) {
            reasons += "  " + reason_line(driver) + "\n";
        }
    }
    std::string out = format_table(rows);
    out += reasons.empty() ? "" : "\nNot usable:\n" + reasons;
    out += places.empty() ? "" : "\nNothing was found in:\n" + places;
    return out;
}

Json driver_json(const Description& driver) {
    Json out = {{"name", driver.candidate.name},
                {"kind", driver_kind(driver.candidate.origin)},
                {"state", state(driver)},
                {"location", driver.candidate.path.string()}};
    if (!driver.reason.empty()) {
        out["reason"] = driver.reason;
    }
    if (!driver.hint.empty()) {
        out["hint"] = driver.hint;
    }
    if (driver.identity) {
        out["abi"] = abi_text(*driver.identity);
        if (!driver.identity->generation.empty()) {
            out["protocol"] = driver.identity->generation;
        }
        out["id"] = driver.identity->id;
        out["version"] = driver.identity->version;
        out["extensions"] = driver.identity->extensions;
        out["info"] = info_json(driver.identity->info);
        if (driver.identity->config_schema) {
            out["configSchema"] = *driver.identity->config_schema;
        }
    }
    return out;
}

std::string driver_text(const Description& driver, const std::vector<Description>& others) {
    std::string out = line("Name", driver.candidate.name);
    out += line("Kind", driver_kind(driver.candidate.origin));
    out += line("State", state(driver));
    out += line("Location", driver.candidate.path.string());
    out += driver.reason.empty() ? "" : line("Reason", driver.reason);
    out += driver.hint.empty() ? "" : line("Hint", driver.hint);
    if (driver.identity) {
        out += identity_text(*driver.identity);
    }
    if (driver.identity && driver.identity->config_schema) {
        out += fmt::format("\nJSON schema of vmOpts.{}:\n{}\n", driver.candidate.name,
                           dump_json(*driver.identity->config_schema, 2));
    }
    for (const Description& other : others) {
        out += (&other == &others.front() ? "\nOthers of this name:\n  " : "  ") +
               reason_line(other) + "\n";
    }
    return out;
}

}  // namespace lima::cli
