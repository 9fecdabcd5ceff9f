#include "core/cli/format/json.hpp"

namespace lima::cli {

namespace {

void colour_value(const Json& value, int depth, std::string& out) {
    const std::string pad(static_cast<std::size_t>(depth + 1) * 4, ' ');
    const std::string close(static_cast<std::size_t>(depth) * 4, ' ');
    if (value.is_structured() && value.empty()) {
        out += value.is_object() ? "{}" : "[]";
    } else if (value.is_object() || value.is_array()) {
        out += value.is_object() ? "{\n" : "[\n";
        std::size_t left = value.size();
        for (auto it = value.begin(); it != value.end(); ++it) {
            out += pad;
            if (value.is_object()) {
                out += "\033[36m" + dump_json(Json(it.key())) + "\033[0m: ";
            }
            colour_value(*it, depth + 1, out);
            out += --left > 0 ? ",\n" : "\n";
        }
        out += close + (value.is_object() ? "}" : "]");
    } else {
        const char* colour = value.is_string() ? "\033[32m" : "\033[95m";
        out += colour + dump_json(value) + "\033[0m";
    }
}

}  // namespace

std::string colour_json(const Json& value) {
    std::string out;
    colour_value(value, 0, out);
    return out;
}

void drop_empty_objects(Json& value) {
    if (!value.is_structured()) {
        return;
    }
    for (auto it = value.begin(); it != value.end();) {
        drop_empty_objects(*it);
        it = it->is_object() && it->empty() ? value.erase(it) : std::next(it);
    }
}

std::string result_line(const Json& result, bool terminal, int indent) {
    if (result.is_string()) {
        return result.get<std::string>() + "\n";
    }
    const bool coloured = terminal && result.is_structured();
    return (coloured ? colour_json(result) : dump_json(result, indent)) + "\n";
}

}  // namespace lima::cli
