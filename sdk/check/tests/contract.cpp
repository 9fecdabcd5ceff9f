// Level 4: what every driver answers, without a VM.
#include "check/instance.hpp"
#include "check/object.hpp"
#include "check/tests/tests.hpp"

#include <algorithm>

namespace lima::check {
namespace {

void expect_ok(Bench& bench, const std::string& what, const Outcome& outcome) {
    bench.expect(outcome.ok(), what + " gives " + outcome.says());
}

void check_key(Bench& bench, const Json& object, const std::string& key, bool required,
               bool (Json::*is)() const noexcept, const char* type) {
    if (!object.contains(key)) {
        bench.expect(!required, "info has no \"" + key + "\"");
        return;
    }
    bench.expect((object[key].*is)(),
                 "info's \"" + key + "\" is no " + type + ": " + shorten(object[key].dump()));
}

void check_info(Bench& bench, const Json& info) {
    check_key(bench, info, "name", true, &Json::is_string, "text");
    check_key(bench, info, "vsockPort", false, &Json::is_number_integer, "whole number");
    check_key(bench, info, "virtioPort", false, &Json::is_string, "text");
    check_key(bench, info, "instanceDir", false, &Json::is_string, "text");
    check_key(bench, info, "features", false, &Json::is_object, "object");
    check_key(bench, info, "needsImage", false, &Json::is_boolean, "boolean");
    check_key(bench, info, "hasGuest", false, &Json::is_boolean, "boolean");
    const Json features = info.value("features", Json::object());
    for (const char* key :
         {"canRunGui", "dynamicSSHAddress", "staticSSHPort", "skipSocketForwarding", "noCloudInit",
          "rosettaEnabled", "rosettaBinFmt"}) {
        check_key(bench, features, key, false, &Json::is_boolean, "boolean");
    }
    check_key(bench, features, "supportedImageFormats", false, &Json::is_array, "list");
}

void info_early(Bench& bench) {
    const Object object(bench);
    const Json info = object.info_object();
    check_info(bench, info);
    const std::string name = driver_name(bench);
    if (bench.target().way == kProgram && info.value("name", "") != name) {
        bench.warn("info says the name \"" + info.value("name", "") + "\", the file's is " + name);
    } else {
        bench.expect(info.value("name", "") == name,
                     "info says the name \"" + info.value("name", "") + "\", not \"" + name + "\"");
    }
}

void info_same(Bench& bench) {
    const Object object(bench);
    const Json first = object.info_object();
    for (int i = 0; i < 10; ++i) {
        bench.expect(object.info_object() == first, "info changes though nothing has happened");
    }
}

void info_configured(Bench& bench) {
    const Object object(bench);
    const Json before = object.info_object();
    object.configured();
    const Json after = object.info_object();
    check_info(bench, after);
    bench.expect(before.value("name", "") == after.value("name", ""),
                 "configure changes the name that info says");
    const std::string dir = test_instance(bench).at("dir").get<std::string>();
    bench.expect(after.value("instanceDir", dir) == dir,
                 "info says the directory " + after.value("instanceDir", "") + ", not " + dir);
}

const lima_ext_config_schema& schema_table(Bench& bench, const Object& object) {
    const auto* table = object.offers<lima_ext_config_schema>(LIMA_EXT_CONFIG_SCHEMA);
    if (table == nullptr) {
        bench.skip("the driver does not offer " LIMA_EXT_CONFIG_SCHEMA);
    }
    return *table;
}

Json schema_of(Bench& bench, const Object& object) {
    const Outcome outcome = object.schema(schema_table(bench, object));
    Json schema = Json::parse(outcome.value("schema"), nullptr, false);
    bench.need(outcome.ok() && schema.is_object(),
               "the schema is no JSON object: " + outcome.says());
    return schema;
}

void schema_valid(Bench& bench) {
    const Object object(bench);
    const Json schema = schema_of(bench, object);
    for (const std::string& problem : schema_problems(schema, "the schema")) {
        bench.expect(false, problem);
    }
    object.configured();
    bench.expect(schema_of(bench, object) == schema, "the schema is another one after configure");
}

void schema_accepts(Bench& bench) {
    const Object object(bench);
    const Json schema = schema_of(bench, object);
    const Json answer = object.configured();
    const Json::json_pointer options("/config/vmOpts/" + driver_name(bench));
    const Json value = answer.contains(options) ? answer[options] : Json::object();
    for (const std::string& problem :
         schema_violations(schema, value, "vmOpts." + driver_name(bench))) {
        bench.expect(false, "the driver's schema refuses what configure answers: " + problem);
    }
}

void configure_answer(Bench& bench) {
    const Object object(bench);
    const Outcome outcome = object.configure(test_instance(bench).dump());
    bench.need(outcome.ok(), "configure refuses a plain instance: " + outcome.says());
    bench.expect(outcome.out.size() == 1 && outcome.out.count("instance") == 1,
                 "configure answers " + std::to_string(outcome.out.size()) +
                     " values, not the one under \"instance\"");
    const Json answer = Json::parse(outcome.value("instance"), nullptr, false);
    bench.need(answer.is_object(), "the answer is no JSON object");
    for (const char* key : {"name", "dir"}) {
        bench.expect(answer.value(key, "") == test_instance(bench).value(key, ""),
                     "configure changes \"" + std::string(key) + "\"");
    }
    bench.expect(answer.contains("config") && answer["config"].is_object(),
                 "the answer has no \"config\"");
}

/// Every member of the first is in the second, the same; where objects are, inside of them.
void expect_kept(Bench& bench, const Json& before, const Json& after, const std::string& where) {
    if (before.is_object() && after.is_object()) {
        for (const auto& [key, value] : before.items()) {
            if (bench.expect(after.contains(key), "configure drops " + where + key)) {
                expect_kept(bench, value, after[key], where + key + ".");
            }
        }
        return;
    }
    bench.expect(before == after, "configure changes " + where.substr(0, where.size() - 1) +
                                      " to " + shorten(after.dump()));
}

void configure_unknown(Bench& bench) {
    const Object object(bench);
    const Json unknown = {{"text", "ü \" \\ \n </script>"},
                          {"big", 9007199254740993LL},
                          {"small", 1.5},
                          {"list", {1, "two", Json::array(), Json::object(), true}},
                          {"deep", {{"deeper", {{"deepest", 1}}}}},
                          {"", "a key without a name"}};
    Json instance = test_instance(bench);
    instance["org.example.unknown"] = unknown;
    instance["config"]["org.example.unknown"] = unknown;
    instance["config"]["vmOpts"]["org.example.other"] = unknown;
    instance["config"]["ssh"]["unknown"] = unknown;
    const Outcome outcome = object.configure(instance.dump());
    bench.need(outcome.ok(), "configure refuses unknown keys: " + outcome.says());
    const Json answer = Json::parse(outcome.value("instance"), nullptr, false);
    bench.need(answer.is_object(), "the answer is no JSON object");
    for (const char* path : {"/org.example.unknown", "/config/org.example.unknown",
                             "/config/vmOpts/org.example.other", "/config/ssh/unknown"}) {
        const Json::json_pointer at(path);
        const std::string name = std::string(path + 1) + ".";
        if (bench.expect(answer.contains(at), "configure drops " + std::string(path))) {
            expect_kept(bench, instance[at], answer[at], name);
        }
    }
}

void configure_twice(Bench& bench) {
    const Object object(bench);
    const Json first = object.configured();
    bench.expect(object.configured() == first, "the same instance is configured in another way");
    const Outcome again = object.configure(first.dump());
    bench.need(again.ok(), "configure refuses its own answer: " + again.says());
    bench.expect(Json::parse(again.value("instance"), nullptr, false) == first,
                 "configure changes its own answer");
}

void configure_garbage(Bench& bench) {
    const Object object(bench);
    const std::string whole = test_instance(bench).dump();
    for (const std::string& garbage :
         {std::string("this is no JSON"), std::string(), whole.substr(0, whole.size() / 2),
          whole + "}", std::string("[]"), std::string("7"), std::string("null"),
          std::string("\"text\""), std::string("{\"name\":"), std::string("\xff\xfe{}"),
          std::string(5000, '[')}) {
        const Outcome outcome = object.configure(garbage);
        if (bench.expect(!outcome.ok(), "configure accepts " + shorten(garbage, 40))) {
            bench.expect(!outcome.text.empty(),
                         "configure refuses without a text: " + shorten(garbage, 40));
        }
    }
    expect_ok(bench, "configure with a good instance, after bad ones,", object.configure(whole));
}

void validate_answers(Bench& bench) {
    const Object object(bench);
    object.configured();
    const Outcome first = object.validate();
    expect_explained(bench, "validate", first);
    const Outcome second = object.validate();
    bench.expect(first.status == second.status,
                 "validate says " + first.says() + ", then " + second.says());
    if (!first.ok()) {
        const Outcome started = object.start();
        bench.expect(!started.ok(), "validate refuses and start succeeds");
        expect_explained(bench, "start", started);
        expect_ok(bench, "stop after a start that was refused", object.stop());
    }
}

/// Skips what cannot be tried because the driver refuses this host.
void need_valid(Bench& bench, const Object& object) {
    object.configured();
    if (const Outcome valid = object.validate(); !valid.ok()) {
        bench.skip("validate refuses: " + valid.text);
    }
}

void create_twice(Bench& bench) {
    const Object object(bench);
    need_valid(bench, object);
    expect_ok(bench, "create", object.create());
    expect_ok(bench, "the second create", object.create());
    const Object other(bench);
    other.configured();
    expect_ok(bench, "create by another object", other.create());
    const Path dir = test_instance(bench).at("dir").get<std::string>();
    if (bench.target().instance.empty()) {
        bench.expect(!std::filesystem::exists(dir / "disk"), "create makes a disk");
    }
}

void disk_twice(Bench& bench) {
    const Object object(bench);
    if (object.info_object().value("needsImage", true) && bench.target().instance.empty()) {
        bench.skip("the driver needs an image: give an instance that can start by --instance");
    }
    need_valid(bench, object);
    expect_ok(bench, "create", object.create());
    expect_ok(bench, "create_disk", object.create_disk());
    expect_ok(bench, "the second create_disk", object.create_disk());
}

void stop_stopped(Bench& bench) {
    const Object object(bench);
    object.configured();
    expect_ok(bench, "stop of a VM that never ran", object.stop());
    expect_ok(bench, "the second stop", object.stop());
    bench.expect(object.host().count("exited") == 0, "there is an event exited, and no VM ran");
}

void remove_nothing(Bench& bench) {
    const Object object(bench);
    object.configured();
    expect_ok(bench, "remove", object.remove());
    expect_ok(bench, "the second remove", object.remove());
}

/// Before configure little can work; what does not says why.
void errors_text(Bench& bench) {
    const Object object(bench);
    expect_explained(bench, "start before configure", object.start());
    expect_explained(bench, "validate before configure", object.validate());
    expect_explained(bench, "create before configure", object.create());
    expect_explained(bench, "create_disk before configure", object.create_disk());
    expect_explained(bench, "remove before configure", object.remove());
    expect_explained(bench, "stop before configure", object.stop());
    for (const std::string& problem : object.host().bad_records()) {
        bench.expect(false, problem);
    }
}

}  // namespace

const std::vector<Test> kContractTests = {
    {"info.early", 4, kAnyWay, "info before configure: the keys and types of the document",
     info_early},
    {"info.same", 4, kAnyWay, "info says the same each time", info_same},
    {"info.configured", 4, kAnyWay, "info after configure knows the directory", info_configured},
    {"schema.valid", 4, kAnyWay, "the schema is a proper one, always the same", schema_valid},
    {"schema.accepts", 4, kAnyWay, "the schema accepts what configure answers", schema_accepts},
    {"configure.answer", 4, kAnyWay, "configure answers the instance as JSON", configure_answer},
    {"configure.unknown", 4, kAnyWay, "configure keeps keys that it does not know",
     configure_unknown},
    {"configure.twice", 4, kAnyWay, "configure comes to the same, also from its own answer",
     configure_twice},
    {"configure.garbage", 4, kAnyWay, "configure refuses what is no instance, with a text",
     configure_garbage},
    {"validate.answers", 4, kAnyWay, "validate says the same twice; what it refuses does not start",
     validate_answers},
    {"create.twice", 4, kAnyWay, "create again is a success, and makes no disk", create_twice},
    {"disk.twice", 4, kAnyWay, "create_disk again is a success", disk_twice},
    {"stop.stopped", 4, kAnyWay, "stop of what does not run is a success", stop_stopped},
    {"remove.twice", 4, kAnyWay, "remove of nothing is a success", remove_nothing},
    {"errors.text", 4, kAnyWay, "what fails has a code that exists, and a text", errors_text},
};

}  // namespace lima::check
