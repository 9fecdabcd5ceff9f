// Where a value of the merged config was written: for messages of checks that see values only.
#pragma once

#include "core/config/load.hpp"
#include "core/text/yaml.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lima::config {

/// The texts that a config came from, parsed. The sources must outlive it.
class Places {
public:
    explicit Places(const LoadInput& input);
    explicit Places(const Source& source);

    /// The message with "FILE:LINE:COLUMN: " and the source line, for a path such as
    /// "portForwards[0].guestPort", whose indexes are those of the merged lists. Without a place
    /// (the field is absent everywhere) only the instance's file is named.
    Mistake with_place(std::string_view path, const std::string& message) const;

private:
    struct Document {
        const Source* source = nullptr;
        int layer = 0;
        text::Node tree;
    };
    struct Found {
        const Document* document = nullptr;
        text::Mark mark;
        bool complete = false;
    };
    struct Entry {
        const Document* document = nullptr;
        const text::Node* node = nullptr;
    };

    void add(const Source& source, int layer);
    std::vector<std::vector<Entry>> entries(std::string_view list) const;
    static std::optional<Found> follow(const Document& document, const text::Node& from,
                                       std::string_view path);
    std::optional<Found> find(std::string_view path) const;
    std::optional<Found> find_in_list(std::string_view list, std::string_view path) const;

    std::string file_;                 // of the instance
    std::vector<Document> documents_;  // the strongest first
};

}  // namespace lima::config
