// Tells that the set of listening sockets may have changed, without a timer: tracepoints of the
// kernel through perf (a TCP socket begins or ends to listen, a bind succeeds) and the kernel's
// announcement of UDP sockets that are destroyed. The kernel filters; after the first event nothing
// wakes us again until rearm(), so that a storm costs no more than we choose to look.
//
// Thread: the loop's. For the whole machine: containers' sockets wake us too, and are told apart by
// the dump that follows.
#pragma once

#include "core/base/error.hpp"
#include "core/base/fd.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lima::guestagent {

namespace asio = boost::asio;

/// The seam: the perf watcher, or a test.
class PortEvents {
public:
    virtual ~PortEvents() = default;
    /// While nobody wants to know the kernel does not count.
    virtual void enable(bool on) = 0;
    /// Calls once when something has happened since the last rearm(). A second call replaces it; an
    /// empty function only takes it back. What happened between the two may be told by moved()
    /// alone: a descriptor of perf reports once, whoever asks.
    virtual void async_wait(std::function<void()> on_event) = 0;
    /// True when more has happened since the last call; does not rearm.
    virtual bool moved() = 0;
    /// Takes what has come and listens again. Look at the sockets after it, not before.
    virtual void rearm() = 0;
};

/// kUnavailable with the reason where perf or tracefs cannot be had.
Result<std::unique_ptr<PortEvents>> open_perf_events(const asio::any_io_executor& executor);

/// Where tracefs is mounted; mounts it when it is not.
Result<std::filesystem::path> find_tracefs();
/// The number in a tracepoint's "id" file; kNotFound when the kernel has no such tracepoint.
Result<std::uint64_t> tracepoint_id(const std::filesystem::path& tracefs, const std::string& event);
/// True when the tracepoint's "format" has the field, so that a filter may name it.
Result<bool> tracepoint_has_field(const std::filesystem::path& tracefs, const std::string& event,
                                  const std::string& field);

}  // namespace lima::guestagent
