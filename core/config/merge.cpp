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

template <class T>
void set_default(const Default& fallback, std::optional<T>& member) {
    if (member || fallback.type == Default::Type::kNone) {
        return;
    }
    if constexpr (std::is_same_v<T, bool>) {
        member = fallback.boolean;
    } else if constexpr (std::is_integral_v<T>) {
        member = static_cast<T>(fallback.integer);
    } else if constexpr (std::is_same_v<T, std::string>) {
        member = fallback.text;
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
            set_default(f.fallback, member);
        }
    });
}

}  // namespace

Config merge_layers(const Layers& layers) {
    return merge_struct(layers.defaults, layers.instance, layers.overrides);
}

void apply_table_defaults(Config& config) { struct_defaults(config); }

}  // namespace lima::config
