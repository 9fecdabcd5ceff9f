#include "core/text/go_template_builtins.hpp"

#include "core/base/utf8.hpp"
#include "core/text/go_format.hpp"
#include "core/text/url.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace lima::text::gotmpl {
namespace {

using Arguments = std::vector<Json>;

Failure bad(std::string message) { return fail(Code::kInvalidArgument, std::move(message)); }

/// What the escapers escape of their arguments.
std::string all_text(Arguments arguments) {
    for (Json& argument : arguments) {
        if (argument.is_null()) {
            argument = "<no value>";
        }
    }
    return go_sprint(arguments);
}

// index, slice, len

Result<std::size_t> position(const Json& index, std::size_t limit) {
    if (!index.is_number_integer()) {
        if (index.is_null()) {
            return bad("cannot index slice/array with nil");
        }
        return bad("cannot index slice/array with type " + go_type_name(index));
    }
    const auto number = index.get<std::int64_t>();
    if (number < 0 || static_cast<std::size_t>(number) > limit) {
        return bad(fmt::format("index out of range: {}", number));
    }
    return static_cast<std::size_t>(number);
}

Result<Json> index_one(const Json& item, const Json& index) {
    if (item.is_null()) {
        return bad("index of nil pointer");
    }
    if (item.is_object()) {
        if (!index.is_string()) {
            return bad(index.is_null() ? "value is nil; should be of type string"
                                       : fmt::format("value has type {}; should be string",
                                                     go_type_name(index)));
        }
        const auto it = item.find(index.get_ref<const std::string&>());
        return it == item.end() ? Json() : *it;
    }
    if (item.is_array() || item.is_string()) {
        const std::size_t size =
            item.is_array() ? item.size() : item.get_ref<const std::string&>().size();
        LIMA_TRY(const std::size_t at, position(index, size));
        if (at == size) {
            return bad(fmt::format("index out of range: {}", at));
        }
        if (item.is_array()) {
            return item[at];
        }
        return Json(static_cast<std::int64_t>(
            static_cast<unsigned char>(item.get_ref<const std::string&>()[at])));
    }
    return bad("can't index item of type " + go_type_name(item));
}

Result<Json> index(const Arguments& arguments) {
    if (arguments[0].is_null()) {
        return bad("index of untyped nil");
    }
    Json item = arguments[0];
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        LIMA_TRY(Json next, index_one(item, arguments[i]));
        item = std::move(next);
    }
    return item;
}

Result<Json> slice(const Arguments& arguments) {
    const Json& item = arguments[0];
    if (item.is_null()) {
        return bad("slice of untyped nil");
    }
    if (arguments.size() > 4) {
        return bad(fmt::format("too many slice indexes: {}", arguments.size() - 1));
    }
    if (!item.is_string() && !item.is_array()) {
        return bad("can't slice item of type " + go_type_name(item));
    }
    if (item.is_string() && arguments.size() == 4) {
        return bad("cannot 3-index slice a string");
    }
    const std::size_t size =
        item.is_string() ? item.get_ref<const std::string&>().size() : item.size();
    std::array<std::size_t, 3> at = {0, size, size};
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        LIMA_TRY(at[i - 1], position(arguments[i], size));
    }
    if (at[0] > at[1]) {
        return bad(fmt::format("invalid slice index: {} > {}", at[0], at[1]));
    }
    if (arguments.size() == 4 && at[1] > at[2]) {
        return bad(fmt::format("invalid slice index: {} > {}", at[1], at[2]));
    }
    if (item.is_string()) {
        return Json(item.get_ref<const std::string&>().substr(at[0], at[1] - at[0]));
    }
    const auto begin = item.begin() + static_cast<std::ptrdiff_t>(at[0]);
    return Json(Json::array_t(begin, begin + static_cast<std::ptrdiff_t>(at[1] - at[0])));
}

Result<Json> length(const Arguments& arguments) {
    const Json& item = arguments[0];
    if (item.is_string()) {
        return Json(static_cast<std::int64_t>(item.get_ref<const std::string&>().size()));
    }
    if (item.is_array() || item.is_object()) {
        return Json(static_cast<std::int64_t>(item.size()));
    }
    return bad(item.is_null() ? "len of nil pointer" : "len of type " + go_type_name(item));
}

Result<Json> call(const Arguments& arguments) {
    if (arguments[0].is_null()) {
        return bad("call of nil");
    }
    return bad("non-function of type " + go_type_name(arguments[0]));
}

// Escapers

std::string escape_html(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '\0':
                out += "\xEF\xBF\xBD";
                break;
            case '"':
                out += "&#34;";
                break;
            case '\'':
                out += "&#39;";
                break;
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string escape_js(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const utf8::Rune rune = utf8::decode(text);
        const std::string_view bytes = text.substr(0, rune.size);
        text.remove_prefix(rune.size);
        if (bytes == "\\" || bytes == "'" || bytes == "\"") {
            out += '\\';
            out += bytes;
        } else if (rune.value < 0x20 || bytes == "<" || bytes == ">" || bytes == "&" ||
                   bytes == "=" || (rune.value >= 0x80 && !utf8::is_printable(rune.value))) {
            out += fmt::format("\\u{:04X}", static_cast<std::uint32_t>(rune.value));
        } else {
            out += bytes;
        }
    }
    return out;
}

template <std::string (*kEscape)(std::string_view)>
Result<Json> escaper(const Arguments& arguments) {
    return Json(kEscape(all_text(arguments)));
}

// Comparison

enum class Basic { kNone, kBool, kInt, kFloat, kString };

Basic basic_kind(const Json& value) {
    switch (value.type()) {
        case Json::value_t::boolean:
            return Basic::kBool;
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned:
            return Basic::kInt;
        case Json::value_t::number_float:
            return Basic::kFloat;
        case Json::value_t::string:
            return Basic::kString;
        default:
            return Basic::kNone;
    }
}

Failure incompatible(const Json& a, const Json& b) {
    return bad(fmt::format("incompatible types for comparison: {} and {}", go_type_name(a),
                           go_type_name(b)));
}

Failure not_comparable(const Json& value) {
    return bad(
        fmt::format("non-comparable type {}: {}", go_sprintf("%s", {value}), go_type_name(value)));
}

Result<bool> equal(const Json& a, const Json& b) {
    if (a.is_null() || b.is_null()) {
        return a.is_null() == b.is_null();
    }
    if (go_type_name(a) != go_type_name(b)) {
        return incompatible(a, b);
    }
    if (a.is_structured()) {
        return not_comparable(a);
    }
    return a == b;
}

Result<Json> eq(const Arguments& arguments) {
    if (arguments.size() == 1) {
        return bad("missing argument for comparison");
    }
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        LIMA_TRY(const bool same, equal(arguments[0], arguments[i]));
        if (same) {
            return Json(true);
        }
    }
    return Json(false);
}

Result<bool> less(const Json& a, const Json& b) {
    const Basic kind = basic_kind(a);
    if (kind == Basic::kNone || basic_kind(b) == Basic::kNone) {
        return bad("invalid type for comparison");
    }
    if (kind != basic_kind(b)) {
        return incompatible(a, b);
    }
    if (kind == Basic::kBool) {
        return bad("invalid type for comparison");
    }
    return a < b;
}

Result<Json> not_equal(const Arguments& arguments) {
    LIMA_TRY(const bool same, equal(arguments[0], arguments[1]));
    return Json(!same);
}

Result<Json> less_than(const Arguments& arguments) {
    LIMA_TRY(const bool result, less(arguments[0], arguments[1]));
    return Json(result);
}

Result<Json> less_or_equal(const Arguments& arguments) {
    LIMA_TRY(const bool result, less(arguments[0], arguments[1]));
    if (result) {
        return Json(true);
    }
    LIMA_TRY(const bool same, equal(arguments[0], arguments[1]));
    return Json(same);
}

Result<Json> greater_than(const Arguments& arguments) {
    LIMA_TRY(const Json result, less_or_equal(arguments));
    return Json(!result.get<bool>());
}

Result<Json> greater_or_equal(const Arguments& arguments) {
    LIMA_TRY(const Json result, less_than(arguments));
    return Json(!result.get<bool>());
}

// Printing

Result<Json> print(const Arguments& arguments) { return Json(go_sprint(arguments)); }

Result<Json> print_line(const Arguments& arguments) { return Json(go_sprintln(arguments)); }

Result<Json> print_format(const Arguments& arguments) {
    if (!arguments[0].is_string()) {
        return bad("wrong type for value; expected string; got " + go_type_name(arguments[0]));
    }
    return Json(go_sprintf(arguments[0].get_ref<const std::string&>(),
                           Arguments(arguments.begin() + 1, arguments.end())));
}

Result<Json> negate(const Arguments& arguments) { return Json(!is_true(arguments[0])); }

}  // namespace

bool is_true(const Json& value) {
    switch (value.type()) {
        case Json::value_t::boolean:
            return value.get<bool>();
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned:
            return value.get<std::int64_t>() != 0;
        case Json::value_t::number_float:
            return value.get<double>() != 0;
        case Json::value_t::string:
            return !value.get_ref<const std::string&>().empty();
        case Json::value_t::array:
        case Json::value_t::object:
            return !value.empty();
        case Json::value_t::null:
        case Json::value_t::binary:
        case Json::value_t::discarded:
            break;
    }
    return false;
}

const std::map<std::string, Builtin>& builtins() {
    static const auto* table = new std::map<std::string, Builtin>{
        {"call", {call, 1, 0}},
        {"eq", {eq, 1, 0}},
        {"ge", {greater_or_equal, 2, 2}},
        {"gt", {greater_than, 2, 2}},
        {"html", {escaper<escape_html>, 0, 0}},
        {"index", {index, 1, 0}},
        {"js", {escaper<escape_js>, 0, 0}},
        {"le", {less_or_equal, 2, 2}},
        {"len", {length, 1, 1}},
        {"lt", {less_than, 2, 2}},
        {"ne", {not_equal, 2, 2}},
        {"not", {negate, 1, 1}},
        {"print", {print, 0, 0}},
        {"printf", {print_format, 1, 0}},
        {"println", {print_line, 0, 0}},
        {"slice", {slice, 1, 0}},
        {"urlquery", {escaper<escape_query>, 0, 0}},
    };
    return *table;
}

}  // namespace lima::text::gotmpl
