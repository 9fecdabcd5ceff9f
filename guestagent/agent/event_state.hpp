// event-state.json: the ports that hosts have been told of, so that the next stream begins with
// what has changed since. Kept in the runtime directory, which only root may write.
#pragma once

#include "core/base/error.hpp"
#include "guestagent/agent/ports.hpp"

#include <filesystem>
#include <vector>

namespace lima::guestagent {

/// Makes the directory (0755) if it is not there. kPermissionDenied when it is a link, belongs to
/// another user than us or can be written by others.
Result<void> prepare_runtime_dir(const std::filesystem::path& directory);

class EventState {
public:
    explicit EventState(const std::filesystem::path& directory);
    /// Empty when there is no file, or none that can be read.
    std::vector<Port> load() const;
    void save(const std::vector<Port>& told) const;

private:
    std::filesystem::path file_;
};

}  // namespace lima::guestagent
