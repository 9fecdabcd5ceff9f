#include "sdk/remote/client/merge.hpp"

#include "core/base/json.hpp"

namespace lima::remote::client {

void merge_reply(Json& base, Json reply) {
    if (base.is_object() && reply.is_object()) {
        for (auto& [key, value] : reply.items()) {
            merge_reply(base[key], std::move(value));
        }
    } else if (base.is_array() && reply.is_array()) {
        for (std::size_t i = 0; i < reply.size(); ++i) {
            if (i < base.size()) {
                Json merged = std::move(base[i]);
                merge_reply(merged, std::move(reply[i]));
                reply[i] = std::move(merged);
            }
        }
        base = std::move(reply);
    } else {
        base = std::move(reply);
    }
}

}  // namespace lima::remote::client
