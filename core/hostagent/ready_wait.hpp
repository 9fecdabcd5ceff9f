// Waiting for a requirement by whichever way knows first: the milestone that the guest's agent
// tells, or a probe over ssh. While the agent's stream is there a requirement with a milestone
// waits for that and asks nothing; a probe that runs when the stream comes up gives way to it.
// Without a stream (not up yet, an agent of another make, plain mode) everything is probed. Once
// the boot is over, nothing is waited for that only the boot could have brought.
//
// Thread: the loop's; probes block on the pool. One requirement at a time.
#pragma once

#include "core/aio/loop.hpp"
#include "core/hostagent/boot_state.hpp"
#include "core/hostagent/readiness.hpp"

#include <atomic>
#include <chrono>
#include <optional>

namespace lima::hostagent {

namespace asio = boost::asio;

struct ReadyTiming {
    ReadinessTiming probe = {};
    /// For a last look after the boot is over.
    std::chrono::milliseconds last_chance{1500};
};

class ReadyWait {
public:
    using Clock = std::chrono::steady_clock;

    /// All must outlive it.
    ReadyWait(asio::any_io_executor executor, asio::thread_pool& pool, CommandRunner& guest,
              const BootState& state, ReadyTiming timing = {});

    asio::awaitable<Result<void>> satisfy(Requirement requirement, Clock::time_point deadline);

    /// The agent's stream of boot steps has begun or ended.
    void stream(bool up);
    bool has_stream() const { return stream_; }
    /// The state has taken a step.
    void changed();
    /// The agent ends: what waits returns kCancelled soon, and so does all that comes.
    void stop();

private:
    enum class Next { kDone, kWait, kProbe, kGiveUp };
    Next next(const Requirement& requirement) const;
    bool yields(const Requirement& requirement) const;
    asio::awaitable<Result<void>> probe(const Requirement& requirement, Clock::time_point deadline);
    Error late(const Requirement& requirement) const;
    bool too_late(const Requirement& requirement, const Error& error) const;
    Error never(const Requirement& requirement, const std::string& last) const;

    asio::any_io_executor executor_;
    asio::thread_pool& pool_;
    CommandRunner& guest_;
    const BootState& state_;
    ReadyTiming timing_;
    aio::Wakeup change_;
    std::atomic<bool> keys_are_set_ = false;
    std::optional<driver::Cancel> probe_;  // of the probe that runs
    const Requirement* probed_ = nullptr;
    bool probe_knew_ = false;  // the milestone was reached when it began
    bool probe_late_ = false;  // the boot was over when it began
    bool yielded_ = false;
    bool stream_ = false;
    bool stopped_ = false;
};

}  // namespace lima::hostagent
