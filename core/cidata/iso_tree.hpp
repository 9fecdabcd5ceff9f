// The tree of an ISO image before it has sectors: entries made into directories and files, each
// with the two names that it has on the disc besides its own: 8.3 upper case for the primary
// volume, UCS-2 for Joliet. Internal to core/cidata.
#pragma once

#include "core/cidata/cidata.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace lima::cidata {

/// Index of the two name spaces of an image.
enum View : std::size_t { kPrimary = 0, kJoliet = 1, kViews = 2 };

struct IsoNode {
    std::string name;  // as given; empty for the root
    bool directory = false;
    std::uint32_t mode = 0;
    const Entry* entry = nullptr;  // of a file
    std::uint64_t size = 0;        // of a file
    std::uint32_t sector = 0;      // of a file's data
    IsoNode* parent = nullptr;     // the root's is itself
    std::vector<std::unique_ptr<IsoNode>> children;

    /// How the node stands in one of the name spaces.
    struct Place {
        std::string id;  // bytes of the identifier; a file's version ";1" only in the primary one
        std::vector<IsoNode*> sorted;  // children in the order of the disc
        std::uint32_t sector = 0;      // of a directory
        std::uint32_t size = 0;        // of a directory, whole sectors
        std::uint16_t number = 0;      // of a directory, in the path table
    };
    std::array<Place, kViews> place;
};

/// Refuses paths that are absolute, not clean, double, too deep (8 levels) or longer than 255 bytes
/// a name. Entries must outlive the tree.
Result<std::unique_ptr<IsoNode>> make_iso_tree(const std::vector<Entry>& entries);

/// Directories in the order of a path table: by level, then parent, then name.
std::vector<IsoNode*> directories(IsoNode& root, View view);

/// UTF-8 as big-endian UCS-2; what does not fit becomes '_'.
std::string to_ucs2(std::string_view text);

}  // namespace lima::cidata
