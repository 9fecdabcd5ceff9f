// The checks that follow from the table alone: the words and formats that each field takes.
#include "core/base/text.hpp"
#include "core/config/checks.hpp"
#include "core/config/fields.hpp"
#include "core/config/format.hpp"

namespace lima::config {
namespace {

std::string join_path(const std::string& parent, const std::string& key) {
    return parent.empty() ? key : parent + "." + key;
}

template <HasTable T>
void check_struct(const T& value, const std::string& path, Problems& out);

void report(const std::string& path, const std::optional<std::string>& mistake, Problems& out) {
    if (mistake) {
        out.add(path, "field `{}` {}", path, *mistake);
    }
}

/// Nothing to check in the others: booleans, ports in pairs (rules of several fields), raw values.
template <class F>
void check_value(const F&, bool, const std::string&, Problems&) {}
template <class F>
void check_value(const F&, std::uint32_t, const std::string&, Problems&) {}
template <class F>
void check_value(const F&, const PortRange&, const std::string&, Problems&) {}
template <class F>
void check_value(const F&, const JsonMap&, const std::string&, Problems&) {}

template <class F>
void check_value(const F& f, const std::string& value, const std::string& path, Problems& out) {
    if (!f.allowed.empty()) {
        report(path, mistake_in_word(f.allowed, value), out);
    }
    report(path, mistake_in(f.format, value), out);
}

template <class F>
void check_value(const F& f, int value, const std::string& path, Problems& out) {
    if (f.format == Format::kPort && value != 0) {
        report(path, mistake_in_port(value), out);
    }
}

template <class F, HasTable T>
void check_value(const F&, const T& value, const std::string& path, Problems& out) {
    check_struct(value, path, out);
}

template <class F, class T>
void check_value(const F& f, const std::optional<T>& value, const std::string& path,
                 Problems& out) {
    if (value) {
        check_value(f, *value, path, out);
    }
}

template <class F, class T>
void check_value(const F& f, const std::vector<T>& value, const std::string& path, Problems& out) {
    for (std::size_t i = 0; i < value.size(); ++i) {
        check_value(f, value[i], fmt::format("{}[{}]", path, i), out);
    }
}

template <class F>
void check_value(const F& f, const StringMap& value, const std::string& path, Problems& out) {
    for (const auto& [key, text] : value) {
        if (const auto mistake = mistake_in(f.key_format, key)) {
            out.add(join_path(path, key), "a key of field `{}` {}", path, *mistake);
        }
    }
}

template <HasTable T>
void check_struct(const T& value, const std::string& path, Problems& out) {
    for_each_field<T>([&](const auto& f) {
        using Member = typename std::remove_cvref_t<decltype(f)>::MemberType;
        const Member& member = value.*(f.member);
        if (f.unchecked) {
            return;
        }
        if constexpr (std::is_same_v<Member, std::string>) {
            if (member.empty() && !f.required) {
                return;  // not given
            }
        }
        check_value(f, member, join_path(path, f.key), out);
    });
}

}  // namespace

void check_facts(const Config& config, Problems& out) { check_struct(config, "", out); }

void check_facts(const File& file, const std::string& path, Problems& out) {
    check_struct(file, path, out);
}

}  // namespace lima::config
