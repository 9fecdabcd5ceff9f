// Level 8: hosts that refuse, are slow, or are of another version.
#include "check/object.hpp"
#include "check/tests/tests.hpp"

#include <thread>

namespace lima::check {
namespace {

constexpr int kMostServices = 30;
constexpr int kPatienceMs = 500;
constexpr int kSlowMs = 50;

void need_services(Bench& bench) {
    if (bench.away()) {
        bench.skip("a driver in a process of its own does not use the kit's services");
    }
}

/// One life of a VM in which any step may fail; what does must say why, and stop must end it.
void faulty_life(Bench& bench, const Object& object) {
    prepare_vm(bench, object);
    const Outcome started = object.start();
    const std::string refused = object.host().refused();
    if (!started.ok()) {
        bench.expect(!started.text.empty(),
                     "start fails without a text when " + refused + " fails");
        bench.expect(object.host().count("exited") == object.host().count("started"),
                     "start fails when " + refused + " fails, and the events are not in pairs");
    }
    // A driver may wait for a VM that did not get its signal; when cancelled it makes it go.
    object.stop({.cancel_after_ms = kPatienceMs});
    const Outcome stopped = object.stop({.cancel_after_ms = kPatienceMs});
    bench.expect(stopped.ok(),
                 "after " + object.host().refused() + " failed, stop gives " + stopped.says());
    bench.expect(object.host().await("exited", object.host().count("started"), 5000),
                 "after " + object.host().refused() + " failed, the VM does not end");
}

void refusing(Bench& bench) {
    need_services(bench);
    for (int number = 1; number <= kMostServices; ++number) {
        const Object object(bench, {.refuse = number});
        faulty_life(bench, object);
        if (object.host().refused().empty()) {
            return;  // there are no more calls than this
        }
    }
}

void slow(Bench& bench) {
    need_services(bench);
    const Object object(bench, {.delay_ms = kSlowMs});
    prepare_vm(bench, object);
    start_vm(bench, object);
    stop_vm(bench, object);
}

void without_services(Bench& bench) {
    const Object object(bench, {.none = true});
    object.info_object();
    object.configured();
    object.stop();
    if (bench.away()) {
        return;
    }
    const Outcome started = object.start();
    bench.expect(started.ok() || !started.text.empty(),
                 "start fails without a text where the host offers no service");
    object.stop();
}

/// A life in which errors happen, with a lima_call of this size.
void life_with(Bench& bench, PlayedCall::Size size, std::uint32_t host_abi) {
    const Object object(bench, {}, host_abi);
    const CallOptions options{.size = size};
    const std::vector<Outcome> outcomes = {object.start(options),
                                           object.configure("this is no JSON", options),
                                           object.configure(test_instance(bench).dump(), options),
                                           object.validate(options), object.stop(options)};
    for (const Outcome& outcome : outcomes) {
        bench.expect(!outcome.asked_too_much,
                     "the driver calls hint where lima_call.struct_size says that it is not there");
        bench.expect(outcome.ok() || !outcome.text.empty(), "a failure has no text");
    }
    bench.expect(outcomes[2].ok(), "configure gives " + outcomes[2].says());
}

void older(Bench& bench) { life_with(bench, PlayedCall::Size::kOlder, LIMA_DRIVER_ABI); }
void newer(Bench& bench) { life_with(bench, PlayedCall::Size::kNewer, LIMA_DRIVER_ABI + 9); }

}  // namespace

const std::vector<Test> kFaultTests = {
    {"faults.refused", 8, kAnyWay, "each service of the host fails once, and the driver copes",
     refusing, 60},
    {"faults.slow", 8, kAnyWay, "services of the host that take their time", slow},
    {"faults.none", 8, kAnyWay, "a host without services", without_services},
    {"host.older", 8, kAnyWay, "a host whose lima_call is smaller", older},
    {"host.newer", 8, kAnyWay, "a host whose lima_call is bigger, of a later minor", newer},
};

}  // namespace lima::check
