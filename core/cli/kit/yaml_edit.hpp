// Changing a lima.yaml that exists: read, edited, checked and written under the lock of its
// instance, so that of two edits at once none is lost.
#pragma once

#include "core/cli/kit/cli.hpp"
#include "core/cli/kit/edit_flags.hpp"
#include "core/store/lock.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace lima::cli {

/// The lima.yaml of an instance, or a template file of the user's.
class YamlEdit {
public:
    /// kNotFound when there is no such instance, kFailedPrecondition when another command has it.
    static Result<YamlEdit> of_instance(const instance::Context& context, const std::string& name,
                                        const std::string& command);
    static Result<YamlEdit> of_file(const instance::Context& context,
                                    const std::filesystem::path& file);

    const std::string& text() const { return text_; }
    const std::filesystem::path& file() const { return file_; }
    /// Unset for a template file.
    const std::optional<store::Instance>& instance() const { return instance_; }

    /// Changes what the flags mean. True when that was something; a text that is not valid is saved
    /// as lima.REJECTED.yaml.
    Result<bool> apply(const EditFlags& flags) const;
    /// Takes the text over: it has to be valid, for its driver too, its disk must not shrink, and
    /// nobody else may have changed the file meanwhile.
    Result<void> replace(const std::string& text) const;

private:
    explicit YamlEdit(const instance::Context& context) : context_(&context) {}
    Result<void> check(const std::string& text) const;
    Result<void> write(const std::string& text) const;

    const instance::Context* context_;
    std::filesystem::path file_;
    std::string text_;
    std::optional<store::Instance> instance_;
    std::optional<store::InstanceLock> lock_;
};

/// Applies the flags, if there are any, to the lima.yaml of an existing instance. True when it
/// changed.
Result<bool> edit_existing(Cli& cli, const std::string& name, const EditFlags& values,
                           const std::string& command);

}  // namespace lima::cli
