#include "core/base/json.hpp"
#include "core/base/utf8.hpp"
#include "core/text/scalar.hpp"
#include "core/text/yq/formats.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

namespace lima::text::yq {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

/// Builds the tree from what nlohmann's reader reports: keys in order, numbers as they are spelled.
class Reader {
public:
    bool null() { return add(make_null()); }
    bool boolean(bool value) { return add(make_bool(value)); }
    bool number_integer(Json::number_integer_t value) { return add(make_int(value)); }
    bool number_unsigned(Json::number_unsigned_t value) {
        return add(make_scalar("!!int", fmt::format("{}", value)));
    }
    bool number_float(Json::number_float_t, const std::string& spelled) {
        // Also an integer that no machine word holds.
        const bool whole = spelled.find_first_of(".eE") == std::string::npos;
        return add(make_scalar(whole ? "!!int" : "!!float", spelled));
    }
    bool string(std::string& value) { return add(make_string(std::move(value))); }
    bool binary(Json::binary_t&) { return false; }
    bool start_object(std::size_t) { return open(make_mapping()); }
    bool key(std::string& name) {
        key_ = make_string(std::move(name));
        return true;
    }
    bool end_object() { return close(); }
    bool start_array(std::size_t) { return open(make_sequence()); }
    bool end_array() { return close(); }
    bool parse_error(std::size_t position, const std::string&, const Json::exception& error) {
        position_ = position;
        std::string_view what = error.what();
        // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error …"
        if (const auto at = what.find("] "); at != std::string_view::npos) {
            what.remove_prefix(at + 2);
        }
        if (what.starts_with("parse error at line")) {
            what.remove_prefix(std::min(what.find(": ") + 2, what.size()));
        }
        problem_ = what;
        return false;
    }

    NodePtr take() { return std::move(root_); }
    const std::string& problem() const { return problem_; }
    std::size_t position() const { return position_; }

private:
    bool add(const NodePtr& node) {
        if (++count_ > kMaxNodes) {
            problem_ = "the document has too many values";
            return false;
        }
        if (open_.empty()) {
            root_ = node;
        } else if (open_.back()->kind == Kind::kMapping) {
            append(*open_.back(), key_, node);
        } else {
            append(*open_.back(), node);
        }
        return true;
    }

    bool open(const NodePtr& node) {
        if (open_.size() >= static_cast<std::size_t>(kMaxDepth)) {
            problem_ = "the document is nested too deep";
            return false;
        }
        if (!add(node)) {
            return false;
        }
        open_.push_back(node);
        return true;
    }

    bool close() {
        open_.pop_back();
        return true;
    }

    NodePtr root_;
    std::vector<NodePtr> open_;
    NodePtr key_;
    std::size_t count_ = 0;
    std::size_t position_ = 0;
    std::string problem_;
};

std::size_t end_of_string(std::string_view text, std::size_t at) {
    for (++at; at < text.size() && text[at] != '"'; ++at) {
        at += text[at] == '\\' ? 1 : 0;
    }
    return std::min(at + 1, text.size());
}

/// Where the value that begins here ends: several may follow each other in one text. What is no
/// JSON ends somewhere, and its reader will say what is wrong.
std::size_t end_of_value(std::string_view text, std::size_t at) {
    int depth = 0;
    while (at < text.size()) {
        const char c = text[at];
        if (c == '"') {
            at = end_of_string(text, at);
        } else if (c == '{' || c == '[') {
            ++depth;
            ++at;
        } else if (c == '}' || c == ']') {
            --depth;
            ++at;
        } else if (depth > 0) {
            ++at;
            continue;
        } else {
            at = std::min(text.find_first_of(" \t\r\n{[\"", at), text.size());
        }
        if (depth <= 0) {
            break;
        }
    }
    return at;
}

/// As the original prints floats: shortest digits, with an exponent of two digits from 1e21 on and
/// below 1e-6.
std::string spell_float(double value) {
    const double magnitude = std::fabs(value);
    const bool exponent = magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21);
    char buffer[64];
    const auto done =
        std::to_chars(buffer, buffer + sizeof buffer, value,
                      exponent ? std::chars_format::scientific : std::chars_format::fixed);
    return {buffer, done.ptr};
}

Result<std::string> spell_number(const Node& node) {
    std::string word = node.value;
    std::erase(word, '_');
    if (node.tag == "!!int") {
        for (const Schema schema : {Schema::kCore, Schema::kGo}) {
            if (const auto number = parse_integer(word, schema)) {
                return number->dump();
            }
        }
        std::string_view digits = word;
        const bool negative = digits.starts_with('-');
        digits.remove_prefix(negative || digits.starts_with('+') ? 1 : 0);
        if (all_digits(digits)) {
            digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size() - 1));
            return (negative ? "-" : "") + std::string(digits);
        }
        return failf(Code::kInvalidArgument, "{} is tagged as an integer and is none", node.value);
    }
    const auto number = parse_float(word, Schema::kCore);
    if (!number) {
        return failf(Code::kInvalidArgument, "{} is tagged as a float and is none", node.value);
    }
    if (!std::isfinite(*number)) {
        return failf(Code::kInvalidArgument, "JSON has no number for {}", node.value);
    }
    return spell_float(*number);
}

class Writer {
public:
    explicit Writer(const EncodeOptions& options) : options_(options) {}

    Result<void> write(const Node& node, int level) {
        switch (node.kind) {
            case Kind::kMapping:
                return mapping(node, level);
            case Kind::kSequence:
                return sequence(node, level);
            default:
                return scalar(node);
        }
    }

    std::string take() { return std::move(out_); }

private:
    static constexpr const char* kKey = "36";
    static constexpr const char* kString = "32";
    static constexpr const char* kNumber = "95";

    void put(std::string_view text, const char* colour) {
        out_ +=
            options_.colour ? fmt::format("\x1b[{}m{}\x1b[0m", colour, text) : std::string(text);
    }

    void line(int level) {
        if (options_.indent > 0) {
            out_ += '\n';
            out_.append(static_cast<std::size_t>(level) * static_cast<std::size_t>(options_.indent),
                        ' ');
        }
    }

    Result<void> scalar(const Node& node) {
        if (node.tag == "!!null") {
            out_ += "null";
        } else if (node.tag == "!!bool") {
            put(to_json(node).get<bool>() ? "true" : "false", kNumber);
        } else if (node.tag == "!!int" || node.tag == "!!float") {
            LIMA_TRY(const std::string number, spell_number(node));
            put(number, kNumber);
        } else {
            put(encode_json_string(node.value), kString);
        }
        return {};
    }

    Result<void> mapping(const Node& node, int level) {
        if (node.content.empty()) {
            out_ += "{}";
            return {};
        }
        out_ += '{';
        for (std::size_t i = 0; i + 1 < node.content.size(); i += 2) {
            const Node& key = *node.content[i];
            if (key.kind != Kind::kScalar) {
                return failf(Code::kInvalidArgument, "a key that is a map or a list has no JSON");
            }
            out_ += i > 0 ? "," : "";
            line(level + 1);
            put(encode_json_string(key.value), kKey);
            out_ += options_.indent > 0 ? ": " : ":";
            LIMA_DO(write(*node.content[i + 1], level + 1));
        }
        line(level);
        out_ += '}';
        return {};
    }

    Result<void> sequence(const Node& node, int level) {
        if (node.content.empty()) {
            out_ += "[]";
            return {};
        }
        out_ += '[';
        for (std::size_t i = 0; i < node.content.size(); ++i) {
            out_ += i > 0 ? "," : "";
            line(level + 1);
            LIMA_DO(write(*node.content[i], level + 1));
        }
        line(level);
        out_ += ']';
        return {};
    }

    const EncodeOptions& options_;
    std::string out_;
};

}  // namespace

Result<Documents> decode_json(std::string_view text, std::string_view file, const DecodeOptions&) {
    Documents out;
    std::size_t at = text.starts_with(utf8::kBom) ? utf8::kBom.size() : 0;
    while ((at = text.find_first_not_of(kSpace, at)) != std::string_view::npos) {
        const std::string_view value = text.substr(at, end_of_value(text, at) - at);
        Reader reader;
        if (!Json::sax_parse(value.begin(), value.end(), &reader)) {
            // The position is that of the byte behind the mistake.
            const std::size_t wrong = reader.position() > 0 ? reader.position() - 1 : 0;
            return fail_at(text, file, at + wrong, "not valid JSON: " + reader.problem());
        }
        NodePtr root = reader.take();
        root->document = static_cast<int>(out.size());
        out.push_back(std::move(root));
        at += value.size();
    }
    return out;
}

Result<std::string> encode_json(const Node& node, const EncodeOptions& options) {
    LIMA_TRY(const NodePtr plain, plain_copy(node));
    if (options.unwrap_scalar && plain->kind == Kind::kScalar) {
        return plain->value + "\n";
    }
    Writer writer(options);
    LIMA_DO(writer.write(*plain, 0));
    return writer.take() + "\n";
}

}  // namespace lima::text::yq
