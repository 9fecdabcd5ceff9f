// The machinery of the field table: what a Field is, how a struct declares its fields, and how to
// walk over them. fields.hpp and fields_parts.hpp hold the table itself. Everything is constexpr: a
// walk is unrolled at compile time, there is no lookup at run time.
//
//   struct Audio {
//       LIMA_TABLE(Audio)
//       LIMA_FIELD(std::optional<std::string>, device, "device", "Sound back end.", .or_else(""));
//       LIMA_TABLE_END
//   };
//
// declares the member `device` and everything that is known about its key: decoding, unknown keys,
// encoding, merging, defaults, checks, the JSON schema and the reference page are made from it.
#pragma once

#include "core/base/json_fwd.hpp"

#include <array>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace lima::config {

using StringMap = std::map<std::string, std::string>;
using PortRange = std::array<int, 2>;

/// How override.yaml (o), the instance's own text (y) and default.yaml (d) become one value
/// (spec/config.md 1.0).
enum class Merge {
    kScalar,  // S: o, else y, else d
    kList,    // L: o ++ y ++ d
    kUnique,  // R for plain lists: d ++ y ++ o, exact duplicates dropped
    kByKey,   // R for mounts and networks: entries of the same key are combined (fill_lists.cpp)
    kFirst,   // the first of o, y, d that is not empty
    kMap,     // M: per key, o wins over y over d
    kOwn,     // X: only y counts
    kStruct,  // field by field
};

/// What a text or a number has to look like (format.cpp has the checks and the patterns).
enum class Format {
    kAny,
    kIp,
    kSize,
    kPort,        // 1 to 65535 but not 22; 0 is "none"
    kVersion,     // X.Y.Z
    kIdentifier,  // or the wildcard * of a template
    kParamName,
    kDigest,
    kLocation,  // a URL, or a path that can be expanded
    kAbsolute,  // a path from /
    kOctal,
    kMac,
    kInterface,
};

/// A built-in default that is the same everywhere. Defaults that depend on something are in
/// fill.cpp; the table tells them in words.
struct Default {
    enum class Type { kNone, kBool, kInt, kString, kWords };
    Type type = Type::kNone;
    bool boolean = false;
    int integer = 0;
    const char* text = "";
};

/// A few words in the table.
struct WordList {
    static constexpr std::size_t kMax = 12;
    std::array<const char*, kMax> words{};
    std::size_t size = 0;

    constexpr WordList() = default;
    constexpr WordList(std::initializer_list<const char*> list) {
        for (const char* word : list) {
            words[size++] = word;
        }
    }
    constexpr const char* const* begin() const { return words.data(); }
    constexpr const char* const* end() const { return words.data() + size; }
    constexpr bool empty() const { return size == 0; }
    constexpr bool contains(std::string_view text) const {
        for (const char* word : *this) {
            if (text == word) {
                return true;
            }
        }
        return false;
    }
};

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {
    using Value = T;
};
template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_map : std::false_type {};
template <class T>
struct is_map<std::map<std::string, T>> : std::true_type {};

template <class T>
concept HasTable = requires { T::kTableBegin; };
/// A plain text may stand for the struct; it sets this member.
template <class T>
concept HasShortForm = HasTable<T> && requires { T::short_form(); };

template <class Member>
constexpr Merge default_merge() {
    if constexpr (is_vector<Member>::value) {
        return Merge::kList;
    } else if constexpr (is_map<Member>::value) {
        return Merge::kMap;
    } else if constexpr (HasTable<Member>) {
        return Merge::kStruct;
    } else {
        return Merge::kScalar;
    }
}

/// Keys that are free, but of which some are known: see Field::knows.
struct NoShape {};

template <class Owner, class Member, class Known = NoShape>
struct Field {
    using MemberType = Member;
    using Shape = Known;

    const char* key;
    Member Owner::* member;
    const char* doc;
    Merge merge = default_merge<Member>();
    Default fallback = {};
    Format format = Format::kAny;
    Format key_format = Format::kAny;
    WordList allowed = {};     // nothing else is
    WordList usual = {};       // for the reader: others are accepted
    WordList unset = {};       // texts that stand for "not given"
    bool zero_unset = false;   // so does 0
    bool required = false;     // an entry without it is a mistake
    bool unchecked = false;    // the facts below it are not checked with the rest
    bool always = false;       // printed even when empty
    bool one_or_many = false;  // a single value may stand for a list of one
    const char* instead = "";  // deprecated: what to use

    constexpr Field merged(Merge rule) const {
        return with([&](Field& out) { out.merge = rule; });
    }
    constexpr Field or_else(bool value) const {
        return with([&](Field& out) { out.fallback = {Default::Type::kBool, value, 0, ""}; });
    }
    constexpr Field or_else(int value) const {
        return with([&](Field& out) { out.fallback = {Default::Type::kInt, false, value, ""}; });
    }
    constexpr Field or_else(const char* value) const {
        return with([&](Field& out) { out.fallback = {Default::Type::kString, false, 0, value}; });
    }
    /// The default is made by fill.cpp, or by the driver; this says how.
    constexpr Field filled(const char* words) const {
        return with([&](Field& out) { out.fallback = {Default::Type::kWords, false, 0, words}; });
    }
    constexpr Field is(Format look) const {
        return with([&](Field& out) { out.format = look; });
    }
    constexpr Field keys(Format look) const {
        return with([&](Field& out) { out.key_format = look; });
    }
    constexpr Field one_of(WordList words) const {
        return with([&](Field& out) { out.allowed = words; });
    }
    constexpr Field usually(WordList words) const {
        return with([&](Field& out) { out.usual = words; });
    }
    constexpr Field unset_by(WordList words) const {
        return with([&](Field& out) { out.unset = words; });
    }
    constexpr Field unset_by_zero() const {
        return with([](Field& out) { out.zero_unset = true; });
    }
    constexpr Field needed() const {
        return with([](Field& out) { out.required = true; });
    }
    constexpr Field checked_elsewhere() const {
        return with([](Field& out) { out.unchecked = true; });
    }
    constexpr Field printed_always() const {
        return with([](Field& out) { out.always = true; });
    }
    constexpr Field or_single() const {
        return with([](Field& out) { out.one_or_many = true; });
    }
    constexpr Field replaced_by(const char* other) const {
        return with([&](Field& out) { out.instead = other; });
    }
    /// The map takes any key; those of the struct T are described, and what they hold is checked.
    template <class T>
    constexpr Field<Owner, Member, T> knows() const {
        return Field<Owner, Member, T>{key, member, doc, merge};
    }

private:
    template <class Change>
    constexpr Field with(Change change) const {
        Field out = *this;
        change(out);
        return out;
    }
};

template <class Owner, class Member>
constexpr Field<Owner, Member> field(const char* key, Member Owner::* member, const char* doc) {
    return Field<Owner, Member>{key, member, doc};
}

/// Names the line of the table that a field stands on.
template <int Line>
struct TableLine {};

// NOLINTBEGIN(cppcoreguidelines-macro-usage): a member and what is known about it, in one entry
#define LIMA_TABLE(Owner) \
    using Self = Owner;   \
    static constexpr int kTableBegin = __LINE__;
#define LIMA_FIELD(Type, member, key, doc, ...)                            \
    Type member{};                                                         \
    static constexpr auto field_at(::lima::config::TableLine<__LINE__>) {  \
        return ::lima::config::field(key, &Self::member, doc) __VA_ARGS__; \
    }
#define LIMA_SHORT_FORM(member) \
    static constexpr auto short_form() { return &Self::member; }
#define LIMA_TABLE_END                         \
    static constexpr int kTableEnd = __LINE__; \
    bool operator==(const Self&) const = default;
// NOLINTEND(cppcoreguidelines-macro-usage)

namespace detail {

template <class T, int Line>
inline constexpr auto kFieldAt = T::field_at(TableLine<Line>{});

template <class T, int Line, class Fn>
constexpr void visit_line(Fn& fn) {
    if constexpr (requires { T::field_at(TableLine<Line>{}); }) {
        fn(kFieldAt<T, Line>);
    }
}

template <class T, class Fn, int... Lines>
constexpr void visit_lines(Fn& fn, std::integer_sequence<int, Lines...>) {
    (visit_line<T, T::kTableBegin + Lines>(fn), ...);
}

}  // namespace detail

/// Calls fn with every Field of T, in the order of the outputs.
template <HasTable T, class Fn>
constexpr void for_each_field(Fn&& fn) {
    detail::visit_lines<T>(fn, std::make_integer_sequence<int, T::kTableEnd - T::kTableBegin>{});
}

/// The words that the table allows for a member.
template <HasTable T, class Member>
constexpr WordList allowed_for(Member T::* member) {
    WordList words;
    for_each_field<T>([&](const auto& f) {
        if constexpr (std::is_same_v<decltype(f.member), Member T::*>) {
            if (f.member == member) {
                words = f.allowed;
            }
        }
    });
    return words;
}

}  // namespace lima::config
