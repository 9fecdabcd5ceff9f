// Level 6: who may call what at the same time.
#include "check/object.hpp"
#include "check/tests/tests.hpp"

#include <atomic>
#include <thread>

namespace lima::check {
namespace {

constexpr long kAnyMs = 500;  // [any] returns at once, also on a busy machine
constexpr long kAwayMs = 5'000;

/// Threads that make [any] calls until they are told to end. The longest time that one took.
class AnyCalls {
public:
    AnyCalls(Bench& bench, const Object& object) : bench_(bench), driver_(object.raw()) {
        schema_ =
            static_cast<const lima_ext_config_schema*>(object.extension(LIMA_EXT_CONFIG_SCHEMA));
        agent_ = static_cast<const lima_ext_guest_agent*>(object.extension(LIMA_EXT_GUEST_AGENT));
        for (int i = 0; i < 3; ++i) {
            threads_.emplace_back([this] { work(); });
        }
    }
    ~AnyCalls() { finish(); }
    AnyCalls(const AnyCalls&) = delete;
    AnyCalls& operator=(const AnyCalls&) = delete;

    /// Gives up the test when they do not come back.
    long finish() {
        end_ = true;
        if (!eventually(static_cast<int>(kAwayMs), [this] { return working_ == 0; })) {
            bench_.give_up("an [any] call hangs");
        }
        for (std::thread& thread : threads_) {
            thread.join();
        }
        threads_.clear();
        return longest_;
    }
    int rounds() const { return rounds_; }
    long longest() const { return longest_; }

private:
    void work() {
        ++working_;
        while (!end_) {
            const auto begin = Clock::now();
            try {
                one_round();
            } catch (...) {
                bench_.expect(false, "an exception comes out of an [any] call");
            }
            const long took = ms_since(begin);
            for (long known = longest_;
                 took > known && !longest_.compare_exchange_weak(known, took);) {
            }
            ++rounds_;
            std::this_thread::sleep_for(std::chrono::microseconds(200));
        }
        --working_;
    }
    void one_round() {
        PlayedSink sink;
        bench_.expect(driver_->info(driver_, sink.raw()) == LIMA_OK && !sink.values().empty(),
                      "info fails during another call");
        for (const char* id : kExtensionIds) {
            driver_->get_extension(driver_, id);
        }
        if (schema_ != nullptr) {
            schema_->get(driver_, sink.raw());
        }
        if (agent_ != nullptr) {
            agent_->forward_over_ssh(driver_);
        }
    }

    Bench& bench_;
    lima_driver* driver_;
    const lima_ext_config_schema* schema_;
    const lima_ext_guest_agent* agent_;
    std::atomic<bool> end_{false};
    std::atomic<int> working_{0};
    std::atomic<int> rounds_{0};
    std::atomic<long> longest_{0};
    std::vector<std::thread> threads_;
};

void any_beside_op(Bench& bench) {
    const Object object(bench);
    object.info_object();
    AnyCalls calls(bench, object);
    const long limit = bench.away() ? kAwayMs : kAnyMs;
    for (int i = 0; i < 20 && calls.longest() < limit; ++i) {
        object.configured();
        object.validate();
        object.stop();
    }
    const long longest = calls.finish();
    bench.expect(calls.rounds() > 0 && longest < limit,
                 "an [any] call waits " + std::to_string(longest) + " ms for an [op] call");
}

void any_beside_vm(Bench& bench) {
    const Object object(bench);
    prepare_vm(bench, object);
    AnyCalls calls(bench, object);
    start_vm(bench, object);
    stop_vm(bench, object);
    const Outcome cancelled = object.start({.cancel_after_ms = 20});
    const Outcome stopped = object.stop();
    const long longest = calls.finish();
    bench.expect(stopped.ok(), "stop gives " + stopped.says() + " after " + cancelled.says());
    bench.expect(longest < (bench.away() ? kAwayMs : kAnyMs),
                 "an [any] call waits " + std::to_string(longest) + " ms for start or stop");
}

/// Two hosts' worth of objects at once, each with its own worker.
void two_objects(Bench& bench) {
    const auto work = [&bench] {
        try {
            for (int i = 0; i < 10; ++i) {
                const Object object(bench);
                object.configured();
                object.info_object();
                object.stop();
            }
        } catch (const Stop&) {
            return;  // it is noted
        }
    };
    std::thread one(work);
    std::thread two(work);
    one.join();
    two.join();
}

}  // namespace

const std::vector<Test> kThreadTests = {
    {"threads.any", 6, kAnyWay, "[any] calls answer during [op] calls", any_beside_op},
    {"threads.vm", 6, kAnyWay, "[any] calls answer during start and stop", any_beside_vm},
    {"threads.objects", 6, kModule, "two objects work at the same time", two_objects},
};

}  // namespace lima::check
