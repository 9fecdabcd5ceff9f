#include "guestagent/agent/ports.hpp"

#include "core/base/json.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace lima::guestagent {
namespace {

std::vector<Port> missing_in(const std::vector<Port>& list, const std::set<Port>& other) {
    std::vector<Port> out;
    std::set<Port> seen;
    for (const Port& port : list) {
        // A host of Lima takes the second of two equal UDP ports for the end of the first.
        if (!other.contains(port) && seen.insert(port).second) {
            out.push_back(port);
        }
    }
    return out;
}

/// The longest run of at least two zero groups: its begin and end, the first of equal ones.
std::pair<std::size_t, std::size_t> zero_run(const std::array<unsigned, 8>& groups) {
    std::pair<std::size_t, std::size_t> best{0, 0};
    for (std::size_t at = 0; at < groups.size();) {
        std::size_t end = at;
        while (end < groups.size() && groups[end] == 0) {
            ++end;
        }
        if (end - at > best.second - best.first && end - at >= 2) {
            best = {at, end};
        }
        at = end + 1;
    }
    return best;
}

}  // namespace

PortChange port_change(const std::vector<Port>& before, const std::vector<Port>& now) {
    const std::set<Port> old_set(before.begin(), before.end());
    const std::set<Port> new_set(now.begin(), now.end());
    return {missing_in(now, old_set), missing_in(before, new_set)};
}

std::string ip_text(std::span<const std::uint8_t> address) {
    constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (address.size() == 16 && std::ranges::equal(address.first(12), kMapped)) {
        address = address.subspan(12);
    }
    if (address.size() == 4) {
        return fmt::format("{}.{}.{}.{}", address[0], address[1], address[2], address[3]);
    }
    LIMA_CHECK(address.size() == 16);
    std::array<unsigned, 8> groups{};
    for (std::size_t i = 0; i < groups.size(); ++i) {
        groups[i] = address[2 * i] * 256U + address[2 * i + 1];
    }
    const auto [begin, end] = zero_run(groups);
    std::string out;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        if (begin != end && i == begin) {
            out += "::";
            i = end - 1;
            continue;
        }
        if (!out.empty() && out.back() != ':') {
            out += ':';
        }
        out += fmt::format("{:x}", groups[i]);
    }
    return out;
}

std::string encode_port_state(const std::vector<Port>& ports) {
    Json list = Json::array();
    for (const Port& port : ports) {
        Json entry = Json::object();
        entry["protocol"] = port.protocol;
        entry["ip"] = port.ip;
        entry["port"] = port.number;
        list.push_back(std::move(entry));
    }
    Json state = Json::object();
    if (!list.empty()) {
        state["ports"] = std::move(list);
    }
    return dump_json(state);
}

Result<std::vector<Port>> decode_port_state(std::string_view text) {
    LIMA_TRY(const Json state, parse_json(text));
    std::vector<Port> out;
    if (!state.is_object() || !state.contains("ports") || !state["ports"].is_array()) {
        return out;
    }
    for (const Json& entry : state["ports"]) {
        if (!entry.is_object()) {
            return fail(Code::kInvalidArgument, "a port that is not an object");
        }
        Port port{.protocol = json_string(entry, "protocol"),
                  .ip = json_string(entry, "ip"),
                  .number = static_cast<int>(json_int(entry, "port"))};
        if (port.protocol.empty() || port.ip.empty() || port.number == 0) {
            return fail(Code::kInvalidArgument, "a port without protocol, address or number");
        }
        out.push_back(std::move(port));
    }
    return out;
}

}  // namespace lima::guestagent
