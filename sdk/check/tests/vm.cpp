// Level 5: a VM lives and ends. Where none can be started here, these are skipped with the reason.
#include "check/object.hpp"
#include "check/tests/tests.hpp"

#include <thread>

namespace lima::check {
namespace {

constexpr int kPromptMs = 1'000;  // what is cancelled returns in this time
constexpr int kGoneMs = 10'000;
constexpr int kQuietMs = 200;  // for what may not come

void quiet() { std::this_thread::sleep_for(std::chrono::milliseconds(kQuietMs)); }

/// The events of a VM's life, without those that tell how the boot goes.
std::string life(const Object& object) {
    std::string text;
    for (const Event& event : object.host().events()) {
        if (event.type == "started" || event.type == "exited") {
            text += (text.empty() ? "" : ", ") + event.type;
        }
    }
    return text;
}

void check_exited(Bench& bench, const Object& object) {
    for (const Event& event : object.host().events()) {
        if (event.type != "exited" || !event.json.is_object()) {
            continue;
        }
        for (const char* key : {"code", "signal"}) {
            bench.expect(!event.json.contains(key) || event.json[key].is_number_integer(),
                         "the event exited has no whole number as \"" + std::string(key) +
                             "\": " + shorten(event.text));
        }
        bench.expect(!event.json.contains("stderr") || event.json["stderr"].is_string(),
                     "the event exited has no text as \"stderr\"");
    }
}

void events(Bench& bench) {
    const Object object(bench);
    prepare_vm(bench, object);
    bench.expect(life(object).empty(), "there are events before start: " + life(object));
    start_vm(bench, object);
    stop_vm(bench, object);
    quiet();
    bench.expect(life(object) == "started, exited",
                 "the events are " + life(object) + ", not started, exited");
    check_exited(bench, object);
    for (const std::string& problem : object.host().bad_records()) {
        bench.expect(false, problem);
    }
}

void known_running(Bench& bench) {
    const Object object(bench);
    prepare_vm(bench, object);
    const Path file = pid_file(bench);
    start_vm(bench, object);
    if (const auto* status = object.offers<lima_ext_status>(LIMA_EXT_STATUS)) {
        const Outcome outcome =
            object.call(LIMA_EXT_STATUS, [&](const lima_call* c, const lima_sink* out) {
                return status->get(object.raw(), c, out);
            });
        if (!outcome.value("status").empty()) {
            bench.expect(outcome.value("status") == "Running",
                         "the status of a running VM is " + outcome.value("status"));
            stop_vm(bench, object);
            return;
        }
    }
    if (bench.target().way == kProgram) {
        bench.expect(std::filesystem::exists(file), "a VM runs, and there is no " + file.string());
    } else {
        bench.expect(locked_pid(file).has_value(), "a VM runs, and nobody holds " + file.string());
    }
    stop_vm(bench, object);
    bench.expect(eventually(kPromptMs, [&] { return !std::filesystem::exists(file); }),
                 "the VM is stopped, and " + file.string() + " is there");
}

void second_start(Bench& bench) {
    const Object object(bench);
    prepare_vm(bench, object);
    start_vm(bench, object);
    const Outcome again = object.start();
    bench.expect(!again.ok(), "a second start succeeds");
    bench.expect(again.ok() || !again.text.empty(), "a second start is refused without a text");
    quiet();
    bench.expect(life(object) == "started",
                 "after a second start the events are " + life(object) + ", not started");
    stop_vm(bench, object);
}

void start_again(Bench& bench) {
    const Object object(bench);
    prepare_vm(bench, object);
    for (int i = 0; i < 2; ++i) {
        start_vm(bench, object);
        stop_vm(bench, object);
    }
    quiet();
    bench.expect(object.host().count("started") == 2, "two lives are the events " + life(object));
}

void configure_running(Bench& bench) {
    const Object object(bench);
    prepare_vm(bench, object);
    start_vm(bench, object);
    Json instance = test_instance(bench);
    instance["sshLocalPort"] = 0;  // as commands of limactl have it
    for (int i = 0; i < 3; ++i) {
        const Outcome outcome = object.configure(instance.dump());
        bench.expect(outcome.ok(), "configure of a running VM gives " + outcome.says());
        object.info_object();
    }
    quiet();
    bench.expect(life(object) == "started",
                 "configure disturbs the VM: the events are " + life(object));
    stop_vm(bench, object);
}

void stop_cancelled(Bench& bench) {
    const Object object(bench);
    prepare_vm(bench, object);
    start_vm(bench, object);
    const Outcome stopped = object.stop({.cancel_after_ms = 0, .limit_ms = kGoneMs});
    bench.expect(stopped.ok() || stopped.status == LIMA_CANCELLED,
                 "a stop that is cancelled gives " + stopped.says());
    bench.expect(object.host().await("exited", 1, kGoneMs),
                 "a stop that is cancelled does not end the VM");
    const Outcome again = object.stop();
    bench.expect(again.ok(), "stop after that gives " + again.says());
}

void start_cancelled(Bench& bench) {
    const Object object(bench);
    prepare_vm(bench, object);
    for (const int after : {0, 30}) {
        const Outcome outcome = object.start({.cancel_after_ms = after, .limit_ms = kPromptMs});
        if (!outcome.ok()) {
            bench.expect(!outcome.text.empty(), "a start that is cancelled has no text");
        }
        const Outcome stopped = object.stop();
        bench.expect(stopped.ok(), "stop after a start that was cancelled gives " + stopped.says());
    }
    start_vm(bench, object);  // nothing is left of it
    stop_vm(bench, object);
}

/// The other verbs may come to an end, but not take their time.
void verbs_cancelled(Bench& bench) {
    const Object object(bench);
    prepare_vm(bench, object);
    const CallOptions cancelled{.cancel_after_ms = 0, .limit_ms = kPromptMs};
    object.validate(cancelled);
    object.create(cancelled);
    object.create_disk(cancelled);
    object.remove(cancelled);
    object.configure(test_instance(bench).dump(), cancelled);
    object.configured();  // as if nothing had been
}

void killed(Bench& bench) {
    const Object object(bench);
    prepare_vm(bench, object);
    start_vm(bench, object);
    std::int64_t pid = object.host().child_pid();
    if (pid < 0) {
        pid = locked_pid(pid_file(bench)).value_or(-1);
    }
    if (pid < 0) {
        stop_vm(bench, object);
        bench.skip("the VM is no process that the kit knows");
    }
    kill_process(pid);
    bench.expect(object.host().await("exited", 1, kGoneMs),
                 "the VM's process was killed, and there is no event exited");
    check_exited(bench, object);
    const Outcome stopped = object.stop();
    bench.expect(stopped.ok(), "stop after the VM's end gives " + stopped.says());
    start_vm(bench, object);
    stop_vm(bench, object);
}

void taken_over(Bench& bench) {
    Object first(bench);
    prepare_vm(bench, first);
    if (first.extension(LIMA_EXT_ADOPT) == nullptr) {
        bench.skip("the driver does not offer " LIMA_EXT_ADOPT);
    }
    start_vm(bench, first);
    first.close();
    const Object second(bench);
    second.configured();
    const auto* adopt = second.offers<lima_ext_adopt>(LIMA_EXT_ADOPT);
    bench.need(adopt != nullptr, "a second object does not offer " LIMA_EXT_ADOPT);
    const Outcome outcome = second.call(LIMA_EXT_ADOPT, [&](const lima_call* c, const lima_sink*) {
        return adopt->adopt(second.raw(), c);
    });
    bench.need(outcome.ok(), "the VM that destroy left cannot be taken over: " + outcome.says());
    bench.expect(second.host().await("started", 1, kPromptMs),
                 "adopt succeeds, and there is no event started");
    const Outcome again = second.start();
    bench.expect(!again.ok(), "start succeeds where a VM was taken over");
    stop_vm(bench, second);
    quiet();
    bench.expect(life(second) == "started, exited", "the events are " + life(second));
}

}  // namespace

const std::vector<Test> kVmTests = {
    {"vm.events", 5, kAnyWay, "start is started, stop is exited, each once and in this order",
     events},
    {"vm.known", 5, kAnyWay, "a running VM holds its PID file, or lima.status/1 knows it",
     known_running},
    {"vm.second-start", 5, kAnyWay, "a second start is refused, and the VM goes on", second_start},
    {"vm.again", 5, kAnyWay, "what was stopped starts again", start_again},
    {"vm.configure", 5, kAnyWay, "configure does not disturb a running VM", configure_running},
    {"vm.killed", 5, kAnyWay, "a VM that is killed is exited, and starts again", killed},
    {"vm.taken-over", 5, kAnyWay, "destroy leaves the VM alone, and adopt finds it", taken_over},
    {"cancel.start", 5, kAnyWay, "a start that is cancelled returns within a second",
     start_cancelled},
    {"cancel.stop", 5, kAnyWay, "a stop that is cancelled ends the VM at once", stop_cancelled},
    {"cancel.verbs", 5, kAnyWay, "the other verbs return within a second when cancelled",
     verbs_cancelled},
};

}  // namespace lima::check
