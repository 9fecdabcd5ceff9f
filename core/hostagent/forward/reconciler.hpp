// What the guest listens on against what is made of it on the host, without sockets: a function of
// the sets and of what became of each attempt. Sockets of the guest with one port number that lead
// to one host address (0.0.0.0:80 and [::]:80) share one listener, which stays while any of them is
// there. A host address that cannot be had is tried again at each change and at retry().
#pragma once

#include "core/config/fields.hpp"
#include "core/hostagent/forward/forwards.hpp"
#include "core/hostagent/forward/rules.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace lima::hostagent {

class Reconciler {
public:
    /// Where forwards are made: listeners of ours, or ssh.
    class Ground {
    public:
        virtual ~Ground() = default;
        virtual Result<void> open(const std::string& host_address,
                                  const std::string& guest_address) = 0;
        /// The same listener for another socket of the guest.
        virtual void retarget(const std::string& host_address,
                              const std::string& guest_address) = 0;
        virtual void close(const std::string& host_address) = 0;
    };

    Reconciler(std::vector<config::PortForward> rules, IgnoredProtocols ignored, Ground& ground,
               std::function<void(hostapi::PortForwardEvent)> on_event);

    void set(const std::vector<GuestPort>& ports);
    /// Those that failed, once more.
    void retry();
    bool has_failed() const;
    /// Ends all forwards without events.
    void clear();

private:
    struct Entry {
        std::string host_address{};  // empty: not forwarded
        bool forwarded = false;
        std::string error{};  // of the last attempt
    };
    struct Listener {
        int guest_port = 0;
        std::set<GuestPort> guests{};  // the first is the one that is dialled
    };

    void add(const GuestPort& port);
    void attempt(const GuestPort& port, Entry& entry);
    Result<void> hold(const GuestPort& port, const std::string& host_address);
    void remove(const GuestPort& port, const Entry& entry);
    void not_forwarding(const GuestPort& port);
    void failed(const GuestPort& port, Entry& entry, const Error& error);
    void tell(const char* type, const GuestPort& port, const std::string& host_address = {},
              const std::string& error = {});

    std::vector<config::PortForward> rules_;
    IgnoredProtocols ignored_;
    Ground& ground_;
    std::function<void(hostapi::PortForwardEvent)> on_event_;
    std::map<GuestPort, Entry> entries_;
    std::map<std::string, Listener> listeners_;
};

}  // namespace lima::hostagent
