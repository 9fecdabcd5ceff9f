// The machinery of the field table: what a Field is, and how to walk over the fields of a struct.
// fields.hpp holds the entries. Everything is constexpr: a walk is unrolled at compile time, there
// is no lookup at run time.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

namespace lima::config {

/// How override.yaml (o), the instance's own text (y) and default.yaml (d) become one value
/// (spec/config.md 1.0).
enum class Merge {
    kScalar,  // S: o, else y, else d
    kList,    // L: o ++ y ++ d
    kUnique,  // R for plain lists: d ++ y ++ o, exact duplicates dropped
    kByKey,   // R for mounts and networks: entries of the same key are combined (lists.cpp)
    kFirst,   // the first of o, y, d that is not empty
    kMap,     // M: per key, o wins over y over d
    kOwn,     // X: only y counts
    kStruct,  // field by field
};

/// What a string has to look like, for the decoder and the schema.
enum class Format { kAny, kIp };

/// A built-in default that is the same everywhere. Defaults that depend on something are in
/// fill.cpp.
struct Default {
    enum class Type { kNone, kBool, kInt, kString };
    Type type = Type::kNone;
    bool boolean = false;
    int integer = 0;
    const char* text = "";
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

/// Specialised in fields.hpp: `static constexpr auto fields` is a tuple of Field; where a plain
/// string may stand for the struct, `static constexpr auto short_form` names the member that it
/// sets.
template <class T>
struct Table;

template <class T>
concept HasTable = requires { Table<T>::fields; };
template <class T>
concept HasShortForm = requires { Table<T>::short_form; };

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

template <class Owner, class Member>
struct Field {
    using MemberType = Member;

    const char* key;
    Member Owner::* member;
    const char* doc;
    Merge merge = default_merge<Member>();
    Default fallback = {};
    Format format = Format::kAny;
    bool always = false;       // printed even when empty
    bool one_or_many = false;  // a single value may stand for a list of one

    constexpr Field merged(Merge rule) const {
        Field out = *this;
        out.merge = rule;
        return out;
    }
    constexpr Field or_else(bool value) const {
        Field out = *this;
        out.fallback = Default{Default::Type::kBool, value, 0, ""};
        return out;
    }
    constexpr Field or_else(int value) const {
        Field out = *this;
        out.fallback = Default{Default::Type::kInt, false, value, ""};
        return out;
    }
    constexpr Field or_else(const char* value) const {
        Field out = *this;
        out.fallback = Default{Default::Type::kString, false, 0, value};
        return out;
    }
    constexpr Field ip() const {
        Field out = *this;
        out.format = Format::kIp;
        return out;
    }
    constexpr Field printed_always() const {
        Field out = *this;
        out.always = true;
        return out;
    }
    constexpr Field or_single() const {
        Field out = *this;
        out.one_or_many = true;
        return out;
    }
};

template <class Owner, class Member>
constexpr Field<Owner, Member> field(const char* key, Member Owner::* member, const char* doc) {
    return Field<Owner, Member>{key, member, doc};
}

/// Calls fn with every Field of T, in the order of the outputs.
template <HasTable T, class Fn>
constexpr void for_each_field(Fn&& fn) {
    std::apply([&fn](const auto&... fields) { (fn(fields), ...); }, Table<T>::fields);
}

}  // namespace lima::config
