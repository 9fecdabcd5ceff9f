// What listens in the guest, as values: the ports that hosts are told of, how two lists differ, and
// the file in which the last list told is kept. Pure functions.
#pragma once

#include "core/base/error.hpp"

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lima::guestagent {

struct Port {
    std::string protocol{};  // "tcp" or "udp"
    std::string ip{};        // as ip_text() writes it
    int number = 0;
    auto operator<=>(const Port&) const = default;
};

struct PortChange {
    std::vector<Port> added{};    // in the order of the new list
    std::vector<Port> removed{};  // in the order of the old list
    bool empty() const { return added.empty() && removed.empty(); }
};

PortChange port_change(const std::vector<Port>& before, const std::vector<Port>& now);

/// An address as Go prints it: the longest run of zeros is shortened, and an IPv4 address within
/// IPv6 is a dotted quad. 4 or 16 bytes.
std::string ip_text(std::span<const std::uint8_t> address);

/// The content of event-state.json.
std::string encode_port_state(const std::vector<Port>& ports);
Result<std::vector<Port>> decode_port_state(std::string_view text);

}  // namespace lima::guestagent
