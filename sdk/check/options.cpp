#include "check/options.hpp"

#include <algorithm>
#include <map>

namespace lima::check {
namespace {

constexpr int kHighestLevel = 10;
constexpr std::string_view kPrefix = "lima-driver-";
constexpr std::string_view kSuffix = ".so";

bool ends_with(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

/// lima-driver-NAME or lima-driver-NAME.so; another name stands for itself.
std::string name_of(const Path& file) {
    std::string name = file.filename().string();
    if (ends_with(name, kSuffix)) {
        name.resize(name.size() - kSuffix.size());
    }
    return name.rfind(kPrefix, 0) == 0 ? name.substr(kPrefix.size()) : name;
}

int read_number(const std::string& text, int lowest, int highest) {
    const bool digits = !text.empty() && text.size() < 7 &&
                        text.find_first_not_of("0123456789") == std::string::npos;
    const int number = digits ? std::stoi(text) : -1;
    return number >= lowest && number <= highest ? number : -1;
}

/// Beside this program as it is installed: in libexec/lima, or in bin.
Path find_remote() {
    const Path dir = self().parent_path();
    for (const char* place : {"../../lib/lima/lima-remote.so", "../lib/lima/lima-remote.so"}) {
        std::error_code ignored;
        if (std::filesystem::exists(dir / place, ignored)) {
            return std::filesystem::weakly_canonical(dir / place, ignored);
        }
    }
    return {};
}

std::string existing(Path& path) {
    std::error_code failure;
    const Path whole = std::filesystem::canonical(path, failure);
    if (failure) {
        return "cannot open " + path.string() + ": " + failure.message();
    }
    path = std::filesystem::absolute(path, failure).lexically_normal();  // its name counts
    return {};
}

void set_target(Options& options, const std::vector<std::string>& files) {
    if (files.size() != 1) {
        options.error = files.empty() ? "which driver? give a module or a program"
                                      : "one driver at a time, not " + files[1] + " as well";
        return;
    }
    Target& target = options.target;
    target.path = files[0];
    const bool module = ends_with(files[0], kSuffix);
    target.way = !module ? kProgram : target.run_driver.empty() ? kModule : kVia;
    target.name = name_of(target.path);
    options.error = existing(target.path);
    if (options.error.empty() && !module && !target.run_driver.empty()) {
        options.error = "--via is for modules, and " + files[0] + " is a program";
    }
    for (Path* path : {&target.run_driver, &target.instance, &target.remote}) {
        if (options.error.empty() && !path->empty()) {
            options.error = existing(*path);
        }
    }
    if (target.remote.empty()) {
        target.remote = find_remote();
    }
}

void set_value(Options& options, const std::string& name, const std::string& value) {
    if (name == "--level") {
        options.level = read_number(value, 1, kHighestLevel);
        options.error = options.level < 0 ? "--level is a number from 1 to 10, not " + value : "";
    } else if (name == "--test") {
        options.patterns.push_back(value);
    } else if (name == "--via") {
        options.target.run_driver = value;
    } else if (name == "--remote") {
        options.target.remote = value;
    } else if (name == "--instance") {
        options.target.instance = value;
    } else if (name == "--timeout") {
        const int seconds = read_number(value, 1, 86'400);
        options.target.timeout_ms = seconds * 1000;
        options.error = seconds < 0 ? "--timeout is a number of seconds, not " + value : "";
    } else if (name == "--patience") {
        const int seconds = read_number(value, 0, 86'400);
        options.target.patience_ms = seconds * 1000;
        options.error = seconds < 0 ? "--patience is a number of seconds, not " + value : "";
    } else if (name == "--run-one") {
        options.run_one = value;
    } else {
        options.dir = value;
    }
}

}  // namespace

const char* const kHelp =
    R"(lima-check-driver tries whether a driver of limactl does what the contract says.

Usage: lima-check-driver [flags] MODULE.so | PROGRAM

MODULE.so is a driver module, lima-driver-NAME.so. PROGRAM is an external driver, lima-driver-NAME, in any language.
Each test has a process of its own: a crash or a hang of the driver is its result.

Flags:
      --instance FILE    use this instance, a JSON file, instead of a plain one that has no image;
                         it is started and stopped
      --json             print one JSON object
      --level N          tests up to this level, 1 to 10 (default 5, the bar; with --test 10)
                         1-3 file and record, 4-5 the contract, 6-8 threads, leaks, faults, 9-10 stress
      --list             print the tests and what they want
      --only-failed      print only what has failed
      --patience SECONDS cancel a stop after so long: for an instance that does not hear the power button
      --remote FILE      the lima-remote.so through which processes are reached (default: the installed one)
      --test PATTERN     only these: a name, the part before its dot, or with * and ?; may be repeated
      --timeout SECONDS  for each test, instead of its own
      --via PROGRAM      run the module in a process of its own, by this lima-run-driver
  -h, --help             print this

The exit status is 0 when no test has failed, 1 when one has, 2 for a wrong usage.
)";

bool matches(std::string_view pattern, std::string_view name) {
    const auto dot = name.find('.');
    if (dot != std::string_view::npos && pattern == name.substr(0, dot)) {
        return true;
    }
    if (pattern.empty() || name.empty()) {
        return pattern.empty() ? name.empty() : pattern == "*";
    }
    if (pattern[0] == '*') {
        return matches(pattern.substr(1), name) || matches(pattern, name.substr(1));
    }
    return (pattern[0] == '?' || pattern[0] == name[0]) &&
           (pattern.size() == 1 ? name.size() == 1 : matches(pattern.substr(1), name.substr(1)));
}

Options parse_options(const std::vector<std::string>& args) {
    Options options;
    const std::map<std::string, bool Options::*> switches = {
        {"--json", &Options::json},
        {"--only-failed", &Options::only_failed},
        {"--list", &Options::list},
        {"--help", &Options::help},
        {"-h", &Options::help}};
    const std::vector<std::string> valued = {"--level",   "--test",     "--via",
                                             "--remote",  "--instance", "--dir",
                                             "--timeout", "--patience", "--run-one"};
    std::vector<std::string> files;
    bool level_given = false;
    for (std::size_t i = 0; i < args.size() && options.error.empty(); ++i) {
        const auto equals = args[i].find('=');
        const std::string name = args[i].substr(0, equals);
        if (const auto found = switches.find(args[i]); found != switches.end()) {
            options.*(found->second) = true;
        } else if (std::find(valued.begin(), valued.end(), name) != valued.end()) {
            if (equals == std::string::npos && i + 1 == args.size()) {
                options.error = name + " needs a value";
                break;
            }
            level_given = level_given || name == "--level";
            set_value(options, name,
                      equals != std::string::npos ? args[i].substr(equals + 1) : args[++i]);
        } else if (args[i].size() > 1 && args[i][0] == '-') {
            options.error = "unknown flag " + args[i];
        } else {
            files.push_back(args[i]);
        }
    }
    if (!options.patterns.empty() && !level_given) {
        options.level = kHighestLevel;
    }
    if (!options.error.empty() || options.help || (options.list && files.empty())) {
        return options;
    }
    set_target(options, files);
    const Target& target = options.target;
    options.words = {target.path.string()};
    if (target.patience_ms >= 0) {
        options.words.push_back("--patience=" + std::to_string(target.patience_ms / 1000));
    }
    for (const auto& [flag, path] :
         {std::pair{"--via", target.run_driver}, std::pair{"--remote", target.remote},
          std::pair{"--instance", target.instance}}) {
        if (!path.empty()) {
            options.words.insert(options.words.end(), {flag, path.string()});
        }
    }
    return options;
}

}  // namespace lima::check
