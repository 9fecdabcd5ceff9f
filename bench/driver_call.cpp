// What a call into a driver costs: directly, through the ABI in process, and through lima-remote.so
// to a process. usage: driver_call STAGE [benchmark flags]
//
// Exits with 1 when an [any] call in process costs over 100 ns more than the same call made
// directly, or one out of process over 200 us (medians).
#include "core/driver/driver.hpp"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace lima {
namespace {

constexpr double kInProcessLimitNs = 100;
constexpr double kRemoteLimitNs = 200'000;

/// What the call does at the other end of the ABI, without the ABI.
class Direct {
public:
    virtual ~Direct() = default;
    virtual bool forward_over_ssh() const { return forward_; }

private:
    bool forward_ = std::getenv("LIMA_NO_SUCH_VARIABLE") != nullptr;
};

driver::Found qemu(const std::string& stage, bool isolated) {
    return {"qemu", stage + "/lib/lima/drivers/lima-driver-qemu.so", driver::Origin::kModule,
            isolated};
}

std::unique_ptr<driver::Driver> open(const driver::Found& found, const std::string& stage) {
    driver::OpenOptions options;
    options.prefixes = {stage};
    auto opened = driver::Driver::open(found, std::move(options));
    if (!opened) {
        std::fprintf(stderr, "driver_call: %s\n", opened.error().text().c_str());
        std::exit(2);
    }
    return std::move(*opened);
}

double median(std::vector<double>& samples) {
    const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
    std::nth_element(samples.begin(), middle, samples.end());
    return *middle;
}

/// Of batches, because a clock costs as much as the call. Nanoseconds of one call.
template <class Call>
double measure(benchmark::State& state, int batch, Call&& call) {
    std::vector<double> samples;
    for (auto _ : state) {
        const auto begin = std::chrono::steady_clock::now();
        for (int i = 0; i < batch; ++i) {
            call();
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        state.SetIterationTime(took.count());
        samples.push_back(took.count() * 1e9 / batch);
    }
    const double result = median(samples);
    state.counters["ns_per_call"] = result;
    return result;
}

int report(double direct, double in_process, double remote) {
    const double over = in_process - direct;
    std::printf(
        "an [any] call: direct %.1f ns, in process %.1f ns (%.1f over it, limit %.0f), "
        "out of process %.1f us (limit %.0f)\n",
        direct, in_process, over, kInProcessLimitNs, remote / 1e3, kRemoteLimitNs / 1e3);
    return over <= kInProcessLimitNs && remote <= kRemoteLimitNs ? 0 : 1;
}

int run(const std::string& stage) {
    double direct = 0;
    double in_process = 0;
    double remote = 0;
    const std::unique_ptr<const Direct> object = std::make_unique<Direct>();
    const auto module = open(qemu(stage, false), stage);
    const auto process = open(qemu(stage, true), stage);
    benchmark::RegisterBenchmark("direct", [&](benchmark::State& state) {
        const Direct* called = object.get();
        direct = measure(state, 1000, [&] {
            benchmark::DoNotOptimize(called);
            benchmark::DoNotOptimize(called->forward_over_ssh());
        });
    })->UseManualTime();
    benchmark::RegisterBenchmark("in process", [&](benchmark::State& state) {
        in_process = measure(
            state, 1000, [&] { benchmark::DoNotOptimize(module->forward_guest_agent_over_ssh()); });
    })->UseManualTime();
    benchmark::RegisterBenchmark("out of process", [&](benchmark::State& state) {
        remote = measure(state, 1, [&] {
            const auto info = process->info();
            if (!info || info->name != "qemu") {
                state.SkipWithError(info ? "another driver answers" : info.error().text().c_str());
            }
        });
    })->UseManualTime();
    benchmark::RunSpecifiedBenchmarks();
    return report(direct, in_process, remote);
}

}  // namespace
}  // namespace lima

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (argc != 2) {
        std::fprintf(stderr, "usage: driver_call STAGE [benchmark flags]\n");
        return 2;
    }
    return lima::run(argv[1]);
}
