#include "core/config/merge.hpp"

#include "core/config/fields.hpp"

#include <algorithm>

namespace lima::config {
namespace {

template <class T>
void append(std::vector<T>& out, const std::vector<T>& more) {
    out.insert(out.end(), more.begin(), more.end());
}

template <class T>
std::vector<T> merge_list(Merge rule, const std::vector<T>& d, const std::vector<T>& y,
                          const std::vector<T>& o) {
    std::vector<T> out;
    switch (rule) {
        case Merge::kByKey:
            break;
        case Merge::kFirst:
            return !o.empty() ? o : !y.empty() ? y : d;
        case Merge::kUnique:
            for (const auto* layer : {&d, &y, &o}) {
                for (const T& item : *layer) {
                    if (std::find(out.begin(), out.end(), item) == out.end()) {
                        out.push_back(item);
                    }
                }
            }
            break;
        default:
            append(out, o);
            append(out, y);
            append(out, d);
            break;
    }
    return out;
}

template <HasTable T>
T merge_struct(const T& d, const T& y, const T& o);

template <class T>
T merge_member(Merge rule, const T& d, const T& y, const T& o) {
    if (rule == Merge::kOwn) {
        return y;
    }
    if constexpr (HasTable<T>) {
        return merge_struct(d, y, o);
    } else if constexpr (is_vector<T>::value) {
        return merge_list(rule, d, y, o);
    } else if constexpr (is_map<T>::value) {
        T out = o;
        out.insert(y.begin(), y.end());  // insert keeps what is there
        out.insert(d.begin(), d.end());
        return out;
    } else if constexpr (is_optional<T>::value) {
        return o ? o : y ? y : d;
    } else {
        return o != T{} ? o : y != T{} ? y : d;
    }
}

template <HasTable T>
T merge_struct(const T& d, const T& y, const T& o) {
    T out{};
    for_each_field<T>([&](const auto& f) {
        out.*(f.member) = merge_member(f.merge, d.*(f.member), y.*(f.member), o.*(f.member));
    });
    return out;
}

/// What the table takes for "not given".
template <class F, class T>
bool is_unset(const F& f, const T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
        return f.unset.contains(value);
    } else if constexpr (std::is_integral_v<T>) {
        return f.zero_unset && value == T{};
    } else {
        return false;
    }
}

template <class F, class T>
void set_default(const F& f, std::optional<T>& member) {
    if (member && is_unset(f, *member)) {
        member.reset();
    }
    if (member) {
        return;
    }
    const Default& fallback = f.fallback;
    if constexpr (std::is_same_v<T, bool>) {
        if (fallback.type == Default::Type::kBool) {
            member = fallback.boolean;
        }
    } else if constexpr (std::is_integral_v<T>) {
        if (fallback.type == Default::Type::kInt) {
            member = static_cast<T>(fallback.integer);
        }
    } else if constexpr (std::is_same_v<T, std::string>) {
        if (fallback.type == Default::Type::kString) {
            member = fallback.text;
        }
    }
}

template <HasTable T>
void struct_defaults(T& value) {
    for_each_field<T>([&](const auto& f) {
        using Member = typename std::remove_cvref_t<decltype(f)>::MemberType;
        Member& member = value.*(f.member);
        if constexpr (HasTable<Member>) {
            struct_defaults(member);
        } else if constexpr (is_vector<Member>::value) {
            if constexpr (HasTable<typename Member::value_type>) {
                for (auto& item : member) {
                    struct_defaults(item);
                }
            }
        } else if constexpr (is_optional<Member>::value) {
            set_default(f, member);
        } else if constexpr (std::is_same_v<Member, std::string>) {
            if (member.empty() && f.fallback.type == Default::Type::kString) {
                member = f.fallback.text;
            }
        }
    });
}

}  // namespace

Config merge_layers(const Layers& layers) {
    return merge_struct(layers.defaults, layers.instance, layers.overrides);
}

void apply_table_defaults(Config& config) { struct_defaults(config); }

}  // namespace lima::config
