// Levels 9 and 10: the same again, often, and with much.
#include "check/object.hpp"
#include "check/tests/tests.hpp"

namespace lima::check {
namespace {

constexpr int kObjects = 1'000;
constexpr int kLives = 20;
constexpr long kGrowthKib = 2'048;
constexpr std::size_t kBigText = 3 * 1024 * 1024;  // a message of the original's may have 4 MiB

void memory(Bench& bench) {
    const auto rounds = [&](int count) {
        for (int i = 0; i < count; ++i) {
            const Object object(bench);
            object.configured();
            object.info_object();
        }
    };
    rounds(kObjects / 4);
    const long before = memory_kib();
    rounds(kObjects);
    // the kit keeps its hosts, which are small
    const long grown = memory_kib() - before - kObjects * 4;
    if (grown > kGrowthKib) {
        bench.warn(std::to_string(kObjects) + " objects leave " + std::to_string(grown) + " KiB");
    }
}

void many_lives(Bench& bench) {
    const Object object(bench);
    prepare_vm(bench, object);
    for (int i = 0; i < kLives; ++i) {
        // a start that is cancelled ever later, and mostly succeeds
        const Outcome started = object.start({.cancel_after_ms = 1 + i});
        const Outcome stopped = object.stop({.cancel_after_ms = i % 3 == 0 ? 1 : -1});
        bench.expect(stopped.ok() || stopped.status == LIMA_CANCELLED,
                     "stop gives " + stopped.says() + " after start gave " + started.says());
    }
    const Outcome stopped = object.stop();
    bench.expect(stopped.ok(), "the last stop gives " + stopped.says());
    const std::size_t begun = object.host().count("started");
    bench.expect(object.host().await("exited", begun, 5'000),
                 "there are " + std::to_string(begun) + " events started, and " +
                     std::to_string(object.host().count("exited")) + " exited");
}

void big_instance(Bench& bench) {
    const Object object(bench);
    Json instance = test_instance(bench);
    instance["config"]["message"] = std::string(kBigText, 'x');
    const Outcome outcome = object.configure(instance.dump());
    bench.need(outcome.ok(), "configure of 3 MiB gives " + outcome.says());
    const Json answer = Json::parse(outcome.value("instance"), nullptr, false);
    bench.expect(answer.is_object() &&
                     answer.value(Json::json_pointer("/config/message"), "").size() == kBigText,
                 "configure loses a part of 3 MiB");
}

void odd_directories(Bench& bench) {
    const Path dir = bench.dir() / "a b'\"\\ü$(x)";
    std::filesystem::create_directories(dir);
    const Object object(bench);
    Json instance = test_instance(bench);
    if (!bench.target().instance.empty()) {
        bench.skip("the given instance has its own directory");
    }
    instance["dir"] = dir.string();
    const Outcome outcome = object.configure(instance.dump());
    bench.need(outcome.ok(), "configure gives " + outcome.says());
    const Json info = object.info_object();
    bench.expect(info.value("instanceDir", dir.string()) == dir.string(),
                 "info says the directory " + info.value("instanceDir", ""));
}

}  // namespace

const std::vector<Test> kStressTests = {
    {"stress.lives", 9, kAnyWay, "20 lives, some of them cancelled at odd times", many_lives, 120},
    {"stress.directory", 9, kModule | kVia, "an instance directory with quotes, blanks, dollars",
     odd_directories},
    {"stress.instance", 9, kAnyWay, "an instance of 3 MiB", big_instance, 60},
    {"stress.memory", 10, kModule, "1000 objects leave no memory", memory, 120},
};

}  // namespace lima::check
