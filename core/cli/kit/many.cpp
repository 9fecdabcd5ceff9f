#include "core/cli/kit/many.hpp"

#include <optional>

namespace lima::cli {

Result<int> for_each_instance(const std::vector<std::string>& names,
                              const std::function<Result<void>(const std::string&)>& work) {
    std::optional<Error> joined;
    for (const auto& name : names) {
        auto done = work(name);
        if (done) {
            continue;
        }
        Error error = std::move(done.error());
        if (joined) {
            Error both(joined->code(), joined->text() + "\n" + error.text());
            joined = std::move(both).with_hint(joined->hint()).with_hint(error.hint());
        } else {
            joined = std::move(error);
        }
    }
    if (joined) {
        return fail(std::move(*joined));
    }
    return 0;
}

}  // namespace lima::cli
