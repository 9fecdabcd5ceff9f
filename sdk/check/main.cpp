// lima-check-driver: the conformance kit. See --help.
#include "check/options.hpp"
#include "check/runner.hpp"

#include <algorithm>
#include <cstdio>

namespace lima::check {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

void print(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
}

std::vector<const Test*> chosen(const Options& options) {
    std::vector<const Test*> tests;
    const auto wanted = [&](const Test& test) {
        return options.patterns.empty() ||
               std::any_of(options.patterns.begin(), options.patterns.end(),
                           [&](const std::string& p) { return matches(p, test.name); });
    };
    const bool any_way = options.target.path.empty();
    for (const Test& test : all_tests()) {
        if ((any_way || (test.ways & options.target.way) != 0) && test.level <= options.level &&
            wanted(test)) {
            tests.push_back(&test);
        }
    }
    return tests;
}

void print_list(const std::vector<const Test*>& tests, bool json) {
    Json array = Json::array();
    for (const Test* test : tests) {
        array.push_back({{"name", test->name}, {"level", test->level}, {"wants", test->wants}});
        if (!json) {
            char line[200];
            std::snprintf(line, sizeof line, "%2d  %-24s %s\n", test->level, test->name,
                          test->wants);
            print(line);
        }
    }
    if (json) {
        print(array.dump(2) + "\n");
    }
}

void print_verdict(const Verdict& verdict) {
    char line[200];
    std::snprintf(line, sizeof line, "%-5s  %-24s %5ld ms\n", status_name(verdict.status),
                  verdict.test->name, verdict.took_ms);
    std::string text = line;
    for (const std::string& message : verdict.messages) {
        text += "         " + message + "\n";
    }
    print(text);
}

const char* way_name(Way way) {
    return way == kModule ? "module" : way == kVia ? "module in its own process" : "program";
}

Json summary(const std::vector<Verdict>& verdicts) {
    Json counts;
    for (const Status status : {Status::kPass, Status::kWarn, Status::kFail, Status::kSkip,
                                Status::kCrash, Status::kHang}) {
        counts[status_name(status)] = std::count_if(
            verdicts.begin(), verdicts.end(), [&](const Verdict& v) { return v.status == status; });
    }
    return counts;
}

void print_json(const Options& options, const std::vector<Verdict>& verdicts) {
    Json tests = Json::array();
    for (const Verdict& verdict : verdicts) {
        if (!options.only_failed || is_bad(verdict.status)) {
            tests.push_back({{"name", verdict.test->name},
                             {"level", verdict.test->level},
                             {"status", status_name(verdict.status)},
                             {"ms", verdict.took_ms},
                             {"messages", verdict.messages}});
        }
    }
    const Json all = {
        {"driver", options.target.name},        {"path", options.target.path.string()},
        {"kind", way_name(options.target.way)}, {"level", options.level},
        {"summary", summary(verdicts)},         {"tests", tests}};
    print(all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

int check(const Options& options, const std::vector<const Test*>& tests) {
    const Path dir = make_directory();
    if (dir.empty()) {
        std::fprintf(stderr, "lima-check-driver: cannot make a directory for the tests\n");
        return kFailed;
    }
    adopt_orphans();
    std::vector<Verdict> verdicts;
    for (const Test* test : tests) {
        verdicts.push_back(run_in_process(*test, options.target, dir, options.words));
        if (!options.json && (!options.only_failed || is_bad(verdicts.back().status))) {
            print_verdict(verdicts.back());
        }
    }
    std::error_code ignored;
    std::filesystem::remove_all(dir, ignored);
    const bool failed = std::any_of(verdicts.begin(), verdicts.end(),
                                    [](const Verdict& v) { return is_bad(v.status); });
    if (options.json) {
        print_json(options, verdicts);
    } else {
        std::string text = options.target.path.string() + ", " + way_name(options.target.way) +
                           ", level " + std::to_string(options.level) + ":";
        const Json counts = summary(verdicts);
        for (const char* status : {"pass", "warn", "skip", "fail", "crash", "hang"}) {
            if (counts[status] != 0) {
                text += std::string(" ") + status + " " + counts[status].dump();
            }
        }
        print(text + "\n");
    }
    return failed ? kFailed : 0;
}

int run(const Options& options) {
    if (options.help) {
        print(kHelp);
        return 0;
    }
    if (!options.error.empty()) {
        std::fprintf(stderr, "lima-check-driver: %s\nTry lima-check-driver --help\n",
                     options.error.c_str());
        return kUsage;
    }
    if (!options.run_one.empty()) {
        for (const Test& test : all_tests()) {
            if (options.run_one == test.name) {
                run_here(test, options.target, options.dir);
            }
        }
        return kUsage;
    }
    const std::vector<const Test*> tests = chosen(options);
    if (tests.empty()) {
        std::fprintf(stderr, "lima-check-driver: there is no such test; see --list\n");
        return kUsage;
    }
    // The process itself is looked at without it.
    const bool through_remote =
        options.target.way != kModule && std::any_of(tests.begin(), tests.end(), [](const Test* t) {
            return !matches("program", t->name);
        });
    if (!options.list && through_remote && options.target.remote.empty()) {
        std::fprintf(
            stderr,
            "lima-check-driver: lima-remote.so, through which a driver in a process of its "
            "own is reached, is not beside this program: say where it is by --remote\n");
        return kUsage;
    }
    if (options.list) {
        print_list(tests, options.json);
        return 0;
    }
    return check(options, tests);
}

}  // namespace
}  // namespace lima::check

int main(int argc, char** argv) {
    try {
        return lima::check::run(lima::check::parse_options({argv + 1, argv + argc}));
    } catch (const std::exception& e) {
        std::fprintf(stderr, "lima-check-driver: %s\n", e.what());
        return lima::check::kFailed;
    }
}
