#include "core/text/go_format.hpp"

#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/text/go_format_verb.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace lima::text {
namespace {

using gofmt::Flags;

/// The reader of a format string.
class Printer {
public:
    Printer(std::string_view format, const std::vector<Json>& values)
        : format_(format), values_(values) {}

    std::string run() {
        while (at_ < format_.size() && out_.size() <= kMaxPrinted) {
            const std::size_t percent = std::min(format_.find('%', at_), format_.size());
            out_ += format_.substr(at_, percent - at_);
            at_ = percent + 1;
            if (percent < format_.size()) {
                directive();
            }
        }
        if (!reordered_ && next_ < values_.size()) {
            extra();
        }
        return std::move(out_);
    }

private:
    void directive() {
        Flags flags;
        after_index_ = false;
        good_index_ = true;
        read_flags(flags);
        read_index();
        read_width(flags);
        read_precision(flags);
        if (!after_index_) {
            read_index();
        }
        if (at_ >= format_.size()) {
            out_ += "%!(NOVERB)";
            return;
        }
        const utf8::Rune verb = utf8::decode(format_.substr(at_));
        const std::string_view text = format_.substr(at_, verb.size);
        at_ += verb.size;
        if (text == "%") {
            out_ += '%';
        } else if (!good_index_) {
            out_ += "%!" + std::string(text) + "(BADINDEX)";
        } else if (next_ >= values_.size()) {
            out_ += "%!" + std::string(text) + "(MISSING)";
        } else {
            out_ += gofmt::format_value(values_[next_++], verb.value, flags);
        }
    }

    void read_flags(Flags& flags) {
        for (; at_ < format_.size(); ++at_) {
            switch (format_[at_]) {
                case '#':
                    flags.sharp = true;
                    break;
                case '0':
                    flags.zero = true;
                    break;
                case '+':
                    flags.plus = true;
                    break;
                case '-':
                    flags.minus = true;
                    break;
                case ' ':
                    flags.space = true;
                    break;
                default:
                    return;
            }
        }
    }

    /// "[2]": which argument is next, counted from one.
    void read_index() {
        if (at_ >= format_.size() || format_[at_] != '[') {
            return;
        }
        reordered_ = true;
        const std::size_t close = format_.find(']', at_);
        if (close == std::string_view::npos) {
            good_index_ = false;
            ++at_;
            return;
        }
        ++at_;
        const std::optional<int> number = read_number();
        const bool closed = at_ == close;
        at_ = close + 1;
        if (!number || !closed || *number < 1 ||
            static_cast<std::size_t>(*number) > values_.size()) {
            good_index_ = false;
            return;
        }
        next_ = static_cast<std::size_t>(*number - 1);
        after_index_ = true;
    }

    std::optional<int> read_number() {
        int value = 0;
        const std::size_t start = at_;
        for (; at_ < format_.size() && format_[at_] >= '0' && format_[at_] <= '9'; ++at_) {
            if (value > gofmt::kMaxWidth) {
                // As in Go, the rest of the format goes with it.
                at_ = format_.size();
                return std::nullopt;
            }
            value = value * 10 + (format_[at_] - '0');
        }
        return at_ > start ? std::optional(value) : std::nullopt;
    }

    /// The argument of a "*".
    std::optional<int> take_star() {
        ++at_;
        after_index_ = false;
        if (next_ >= values_.size()) {
            return std::nullopt;
        }
        const Json& value = values_[next_++];
        if (!value.is_number_integer()) {
            return std::nullopt;
        }
        const auto number = value.get<std::int64_t>();
        if (number > gofmt::kMaxWidth || number < -gofmt::kMaxWidth) {
            return std::nullopt;
        }
        return static_cast<int>(number);
    }

    void read_width(Flags& flags) {
        if (at_ < format_.size() && format_[at_] == '*') {
            flags.width = take_star();
            if (!flags.width) {
                out_ += "%!(BADWIDTH)";
            } else if (*flags.width < 0) {
                flags.width = -*flags.width;
                flags.minus = true;
            }
            return;
        }
        flags.width = read_number();
        if (after_index_ && flags.width) {
            good_index_ = false;
        }
    }

    void read_precision(Flags& flags) {
        if (at_ >= format_.size() || format_[at_] != '.') {
            return;
        }
        ++at_;
        if (after_index_) {
            good_index_ = false;
        }
        read_index();
        if (at_ < format_.size() && format_[at_] == '*') {
            flags.precision = take_star();
            if (!flags.precision || *flags.precision < 0) {
                flags.precision.reset();
                out_ += "%!(BADPREC)";
            }
            return;
        }
        flags.precision = read_number().value_or(0);
    }

    void extra() {
        out_ += "%!(EXTRA ";
        for (std::size_t i = next_; i < values_.size(); ++i) {
            out_ += i > next_ ? ", " : "";
            out_ += go_type_name(values_[i]);
            if (!values_[i].is_null()) {
                out_ += "=" + go_value_text(values_[i]);
            }
        }
        out_ += ')';
    }

    std::string_view format_;
    const std::vector<Json>& values_;
    std::size_t at_ = 0;
    std::size_t next_ = 0;
    bool reordered_ = false;
    bool after_index_ = false;
    bool good_index_ = true;
    std::string out_;
};

}  // namespace

std::string go_type_name(const Json& value) {
    switch (value.type()) {
        case Json::value_t::boolean:
            return "bool";
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned:
            return "int";
        case Json::value_t::number_float:
            return "float64";
        case Json::value_t::string:
            return "string";
        case Json::value_t::array:
            return "[]interface {}";
        case Json::value_t::object:
            return "map[string]interface {}";
        case Json::value_t::null:
        case Json::value_t::binary:
        case Json::value_t::discarded:
            break;
    }
    return "<nil>";
}

std::string go_value_text(const Json& value) { return gofmt::format_value(value, 'v', {}); }

std::string go_sprint(const std::vector<Json>& values) {
    std::string out;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i > 0 && !values[i].is_string() && !values[i - 1].is_string()) {
            out += ' ';
        }
        out += go_value_text(values[i]);
    }
    return out;
}

std::string go_sprintln(const std::vector<Json>& values) {
    std::vector<std::string> parts;
    parts.reserve(values.size());
    for (const Json& value : values) {
        parts.push_back(go_value_text(value));
    }
    return join(parts, " ") + "\n";
}

std::string go_sprintf(std::string_view format, const std::vector<Json>& values) {
    return Printer(format, values).run();
}

std::vector<std::string> go_sorted_keys(const Json& object) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : object.items()) {
        keys.push_back(key);
    }
    std::sort(keys.begin(), keys.end());
    return keys;
}

}  // namespace lima::text
