#include "guestagent/agent/boot_text.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace lima::guestagent {
namespace {

constexpr std::size_t kLongestLine = 500;
constexpr std::string_view kExecuting = "| executing ";

template <class Number>
bool parse_number(std::string_view text, Number& out) {
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out);
    return !text.empty() && parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

/// "12.34" as milliseconds.
bool parse_uptime(std::string_view text, std::uint64_t& out) {
    const std::size_t point = text.find('.');
    if (!parse_number(text.substr(0, point), out)) {
        return false;
    }
    out *= 1000;
    if (point == std::string_view::npos) {
        return true;
    }
    std::string digits(text.substr(point + 1, 3));
    digits.resize(3, '0');
    std::uint64_t fraction = 0;
    if (!parse_number(std::string_view(digits), fraction)) {
        return false;
    }
    out += fraction;
    return true;
}

bool parse_script_line(std::string_view line, ScriptLine& out) {
    const std::vector<std::string> words = split(line, ' ');
    if (words.size() < 3 || !parse_uptime(words[0], out.uptime_ms)) {
        return false;
    }
    std::vector<std::string> name(words.begin() + 2, words.end());
    out.begin = words[1] == "begin";
    if (words[1] == "end") {
        if (name.size() < 2 || !parse_number(std::string_view(name.back()), out.status)) {
            return false;
        }
        name.pop_back();
    } else if (!out.begin) {
        return false;
    }
    out.name = printable_line(join(name, " "));
    return !out.name.empty();
}

std::vector<std::string> string_list(const Json& object, const char* key) {
    std::vector<std::string> out;
    if (object.is_object() && object.contains(key) && object[key].is_array()) {
        for (const Json& entry : object[key]) {
            out.push_back(
                printable_line(entry.is_string() ? entry.get<std::string>() : dump_json(entry)));
        }
    }
    return out;
}

bool has_time(const Json& stage, const char* key) {
    return stage.contains(key) && stage[key].is_number();
}

/// The bytes of a terminal sequence that begins at the escape character.
std::size_t escape_length(std::string_view text) {
    if (text.size() < 2 || text[1] != '[') {
        return std::min<std::size_t>(2, text.size());
    }
    std::size_t at = 2;
    while (at < text.size() && (text[at] < 0x40 || text[at] > 0x7e)) {
        ++at;
    }
    return std::min(at + 1, text.size());
}

}  // namespace

std::vector<ScriptLine> parse_script_lines(std::string_view text) {
    std::vector<ScriptLine> out;
    const std::size_t end = text.rfind('\n');
    if (end == std::string_view::npos) {
        return out;
    }
    for (const std::string_view line : lines(text.substr(0, end))) {
        ScriptLine parsed;
        if (parse_script_line(line, parsed)) {
            out.push_back(std::move(parsed));
        }
    }
    return out;
}

Result<std::vector<CloudInitStage>> parse_cloud_init_status(std::string_view text) {
    LIMA_TRY(const Json status, parse_json(text));
    std::vector<CloudInitStage> out;
    if (!status.is_object() || !status.contains("v1") || !status["v1"].is_object()) {
        return out;
    }
    const Json& stages = status["v1"];
    for (const char* name :
         {"init-local", "init", "modules-init", "modules-config", "modules-final"}) {
        if (!stages.contains(name) || !stages[name].is_object() ||
            !has_time(stages[name], "start")) {
            continue;
        }
        const Json& stage = stages[name];
        out.push_back({.name = name,
                       .finished = has_time(stage, "finished"),
                       .errors = string_list(stage, "errors")});
    }
    return out;
}

Result<std::vector<std::string>> parse_cloud_init_result(std::string_view text) {
    LIMA_TRY(const Json result, parse_json(text));
    if (!result.is_object() || !result.contains("v1")) {
        return fail(Code::kInvalidArgument, "the result of cloud-init has no v1");
    }
    return string_list(result["v1"], "errors");
}

ScriptOutput script_output(const LogTail& log, std::string_view name, std::size_t count) {
    const std::string begin = "executing " + std::string(name);
    const std::string end = std::string(name) + " ended with status ";
    const std::vector<std::string_view> all = lines(log.text);
    const auto is_begin = [&](std::string_view line) { return line.ends_with(begin); };
    const auto found = std::find_if(all.rbegin(), all.rend(), is_begin);
    ScriptOutput out;
    // A long output has pushed its own beginning out of the part that we look at.
    if (found == all.rend() && log.whole) {
        return out;
    }
    for (auto at = found.base(); at != all.end(); ++at) {
        const bool ours = at->starts_with("LIMA ");
        if (ours && at->find(end) != std::string_view::npos) {
            out.complete = true;
            break;
        }
        if (ours && at->find(kExecuting) != std::string_view::npos) {
            // What was before belongs to the script only if we have seen where it began.
            out.complete = found != all.rend();
            if (!out.complete) {
                out.lines.clear();
            }
            break;
        }
        if (std::string line = printable_line(*at); !line.empty()) {
            out.lines.push_back(std::move(line));
        }
    }
    if (out.lines.size() > count) {
        out.lines.erase(out.lines.begin(), out.lines.end() - static_cast<std::ptrdiff_t>(count));
    }
    return out;
}

std::string printable_line(std::string_view line) {
    std::string out;
    while (!line.empty() && out.size() < kLongestLine) {
        if (line[0] == '\x1b') {
            line.remove_prefix(escape_length(line));
            continue;
        }
        const utf8::Rune rune = utf8::decode(line);
        if (rune.value == '\t') {
            out += ' ';
        } else if (rune.value >= 0x20 && (rune.value < 0x7f || rune.value > 0x9f)) {
            utf8::append(out, rune.value);
        }
        line.remove_prefix(rune.size);
    }
    out.resize(out.find_last_not_of(' ') + 1);
    return out;
}

bool says_disk_full(const std::vector<std::string>& lines) {
    return std::ranges::any_of(lines, [](const std::string& line) {
        return line.find("No space left on device") != std::string::npos;
    });
}

}  // namespace lima::guestagent
