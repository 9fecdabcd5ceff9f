#include "core/hostagent/forward/reconciler.hpp"

#include "core/base/log.hpp"
#include "core/base/text.hpp"

#include <algorithm>
#include <array>

namespace lima::hostagent {
namespace {

/// Ports that a host nearly always has in use itself: no reason for a warning.
bool is_commonly_taken(const GuestPort& port) {
    constexpr std::array<int, 4> kUdp{53, 323, 5353, 5355};
    if (port.protocol == "udp") {
        return std::find(kUdp.begin(), kUdp.end(), port.port) != kUdp.end();
    }
    return port.port == 53;
}

}  // namespace

Reconciler::Reconciler(std::vector<config::PortForward> rules, IgnoredProtocols ignored,
                       Ground& ground, std::function<void(hostapi::PortForwardEvent)> on_event)
    : rules_(std::move(rules)),
      ignored_(ignored),
      ground_(ground),
      on_event_(std::move(on_event)) {}

void Reconciler::set(const std::vector<GuestPort>& ports) {
    const std::set<GuestPort> wanted(ports.begin(), ports.end());
    for (const GuestPort& port : wanted) {
        if (!entries_.contains(port) && !is_static_port(rules_, port.port)) {
            add(port);
        }
    }
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        if (wanted.contains(entry->first)) {
            ++entry;
            continue;
        }
        remove(entry->first, entry->second);
        entry = entries_.erase(entry);
    }
    // What has gone may have made room.
    retry();
}

void Reconciler::add(const GuestPort& port) {
    Entry& entry = entries_[port];
    const ForwardMatch match = match_rule(rules_, port);
    if (match.kind != ForwardMatch::Kind::kForward) {
        not_forwarding(port);
        return;
    }
    if (port.protocol != "tcp") {
        log::debug("{} {} is not forwarded: no way for {} yet", to_upper(port.protocol),
                   address_of(port), port.protocol);
        not_forwarding(port);
        return;
    }
    entry.host_address = match.host_address;
    attempt(port, entry);
}

void Reconciler::attempt(const GuestPort& port, Entry& entry) {
    if (const auto held = hold(port, entry.host_address); !held) {
        failed(port, entry, held.error());
        return;
    }
    entry.forwarded = true;
    entry.error.clear();
    log::info("Forwarding {} from {} to {}", to_upper(port.protocol), address_of(port),
              entry.host_address);
    tell("forwarding", port, entry.host_address);
}

Result<void> Reconciler::hold(const GuestPort& port, const std::string& host_address) {
    const auto found = listeners_.find(host_address);
    if (found == listeners_.end()) {
        LIMA_DO(ground_.open(host_address, address_of(port)));
        Listener listener;
        listener.guest_port = port.port;
        listener.guests.insert(port);
        listeners_.emplace(host_address, std::move(listener));
        return {};
    }
    Listener& listener = found->second;
    if (listener.guest_port != port.port) {
        return failf(Code::kAlreadyExists, "{} leads to port {} of the guest already", host_address,
                     listener.guest_port);
    }
    listener.guests.insert(port);
    if (*listener.guests.begin() == port) {
        ground_.retarget(host_address, address_of(port));
    }
    return {};
}

void Reconciler::failed(const GuestPort& port, Entry& entry, const Error& error) {
    entry.forwarded = false;
    if (std::exchange(entry.error, error.text()) == error.text()) {
        return;  // as at the last attempt
    }
    if (error.code() == Code::kPermissionDenied || is_commonly_taken(port)) {
        log::debug("cannot forward {}: {}", address_of(port), error.text());
        log::info("Not forwarding {} {}{}", to_upper(port.protocol), address_of(port),
                  error.code() == Code::kPermissionDenied ? ": privileged port" : "");
        tell("not-forwarding", port, entry.host_address, error.text());
        return;
    }
    log::warn("cannot forward {} {} to {}: {}", to_upper(port.protocol), address_of(port),
              entry.host_address, error.text());
    tell("failed", port, entry.host_address, error.text());
}

void Reconciler::remove(const GuestPort& port, const Entry& entry) {
    if (!entry.forwarded) {
        return;
    }
    log::info("Stopping forwarding {} from {} to {}", to_upper(port.protocol), address_of(port),
              entry.host_address);
    tell("stopping", port, entry.host_address);
    const auto found = listeners_.find(entry.host_address);
    if (found == listeners_.end()) {
        return;
    }
    std::set<GuestPort>& guests = found->second.guests;
    const bool was_dialled = *guests.begin() == port;
    guests.erase(port);
    if (guests.empty()) {
        listeners_.erase(found);
        ground_.close(entry.host_address);
    } else if (was_dialled) {
        ground_.retarget(entry.host_address, address_of(*guests.begin()));
    }
}

void Reconciler::not_forwarding(const GuestPort& port) {
    if (port.protocol == "udp" ? ignored_.udp : ignored_.tcp) {
        return;
    }
    log::info("Not forwarding {} {}", to_upper(port.protocol), address_of(port));
    tell("not-forwarding", port);
}

void Reconciler::retry() {
    for (auto& [port, entry] : entries_) {
        if (!entry.host_address.empty() && !entry.forwarded) {
            attempt(port, entry);
        }
    }
}

bool Reconciler::has_failed() const {
    return std::any_of(entries_.begin(), entries_.end(), [](const auto& item) {
        return !item.second.host_address.empty() && !item.second.forwarded;
    });
}

void Reconciler::clear() {
    for (const auto& [address, listener] : std::exchange(listeners_, {})) {
        ground_.close(address);
    }
    entries_.clear();
}

void Reconciler::tell(const char* type, const GuestPort& port, const std::string& host_address,
                      const std::string& error) {
    if (on_event_) {
        hostapi::PortForwardEvent event;
        event.type = type;
        event.protocol = port.protocol;
        event.guest_addr = address_of(port);
        event.host_addr = host_address;
        event.error = error;
        on_event_(std::move(event));
    }
}

}  // namespace lima::hostagent
