// The subset of Go's text/template that Lima's users write: {{.Field.Sub}}, pipelines, the built-in
// functions, if, else if, range, with, define, template, block, variables, trim markers, comments;
// plus functions that the caller adds. Data is JSON; a missing key of an object prints <no value>,
// unless the caller asks for Go's struct behaviour.
#pragma once

#include "core/base/error.hpp"
#include "core/base/json.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lima::text {

using TemplateFunction = std::function<Result<Json>(const std::vector<Json>& arguments)>;

struct TemplateOptions {
    std::map<std::string, TemplateFunction> functions{};
    /// Top-level fields: an unknown one is the error "can't evaluate field X" instead of <no
    /// value>.
    bool strict_fields = false;
    std::string name = "template";
    /// Loops in loops, and texts that are doubled again and again, end here and not at the end of
    /// the user's patience. A step is a node, or 256 bytes of a text that goes into a function or
    /// comes out of it.
    std::size_t max_steps = 1'000'000;
};

class Template {
public:
    static Result<Template> parse(std::string_view text, TemplateOptions options = {});
    Result<std::string> execute(const Json& data) const;
    /// Appends to `out`; on an error, what was written before the action that failed is there.
    Result<void> execute_to(const Json& data, std::string& out) const;
    Template(Template&&) noexcept;
    Template& operator=(Template&&) noexcept;
    Template(const Template&) = delete;
    Template& operator=(const Template&) = delete;
    ~Template();

private:
    struct Impl;
    explicit Template(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// parse and execute.
Result<std::string> expand_template(std::string_view text, const Json& data,
                                    TemplateOptions options = {});

}  // namespace lima::text
