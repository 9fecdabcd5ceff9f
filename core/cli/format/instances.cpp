#include "core/cli/format/instances.hpp"

#include "core/base/text.hpp"
#include "core/base/units.hpp"
#include "core/cli/format/table.hpp"
#include "core/store/template_data.hpp"
#include "core/text/go_template.hpp"
#include "core/text/yaml.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace lima::cli {

namespace {

struct Columns {
    bool type = true;
    bool arch = true;
    bool dir = true;
};

/// Hides what says nothing when the terminal is narrow, eight characters a column.
Columns choose_columns(const std::vector<store::Instance>& instances, const ListFacts& facts,
                       bool all_fields) {
    Columns columns;
    if (facts.width == 0 || all_fields) {
        return columns;
    }
    std::set<std::string> types;
    std::set<std::string> archs;
    for (const auto& instance : instances) {
        types.insert(instance.vm_type);
        archs.insert(instance.arch);
    }
    int count = 5;  // NAME, STATUS twice, SSH twice
    if ((count + 7) * 8 > facts.width && types.size() == 1) {
        columns.type = false;
    } else {
        ++count;
    }
    if ((count + 6) * 8 > facts.width && archs.size() == 1 && *archs.begin() == facts.host.arch) {
        columns.arch = false;
    } else {
        ++count;
    }
    count += 3;
    columns.dir = (count + 2) * 8 <= facts.width;
    return columns;
}

std::string tilde(const std::string& dir, const std::string& home) {
    return !home.empty() && dir.starts_with(home) ? "~" + dir.substr(home.size()) : dir;
}

/// Removes empty objects until there are none; what is left of an array stays an array.
bool prune_empty_objects(Json& value) {
    bool removed = false;
    if (value.is_object()) {
        for (auto it = value.begin(); it != value.end();) {
            removed = prune_empty_objects(*it) || removed;
            if (it->is_object() && it->empty()) {
                it = value.erase(it);
                removed = true;
            } else {
                ++it;
            }
        }
    } else if (value.is_array()) {
        for (std::size_t i = 0; i < value.size();) {
            removed = prune_empty_objects(value[i]) || removed;
            if (value[i].is_object() && value[i].empty()) {
                value.erase(i);
                removed = true;
            } else {
                ++i;
            }
        }
    }
    return removed;
}

std::string indent_text(const std::string& text, std::size_t by) {
    std::string out;
    for (const auto line : lines(text)) {
        out += (out.empty() ? "" : "\n") +
               (line.empty() ? "" : std::string(by, ' ') + std::string(line));
    }
    return text.ends_with("\n") ? out + "\n" : out;
}

Result<Json> call_indent(const std::vector<Json>& args) {
    if (args.empty() || args.size() > 2 || !args.back().is_string()) {
        return failf(Code::kInvalidArgument, "indent: expected [N] TEXT");
    }
    const std::size_t by = args.size() == 2 && args[0].is_number() ? args[0].get<std::size_t>() : 2;
    return Json(indent_text(args.back().get<std::string>(), by));
}

Result<Json> call_missing(const std::vector<Json>& args) {
    if (args.empty() || args.size() > 2) {
        return failf(Code::kInvalidArgument, "missing: expected [MESSAGE] TEXT");
    }
    const std::string text = args.back().is_string() ? args.back().get<std::string>() : "";
    if (!text.empty()) {
        return Json(text);
    }
    return Json(args.size() == 2 && args[0].is_string() ? args[0].get<std::string>() : "<missing>");
}

text::TemplateOptions template_options() {
    text::TemplateOptions options;
    options.strict_fields = true;
    options.name = "format";
    options.functions["json"] = [](const std::vector<Json>& args) -> Result<Json> {
        return args.size() == 1 ? Result<Json>(Json(dump_json(args[0])))
                                : failf(Code::kInvalidArgument, "json: expected one value");
    };
    options.functions["yaml"] = [](const std::vector<Json>& args) -> Result<Json> {
        return args.size() == 1 ? Result<Json>(Json("---\n" + text::emit_yaml(args[0])))
                                : failf(Code::kInvalidArgument, "yaml: expected one value");
    };
    options.functions["indent"] = call_indent;
    options.functions["missing"] = call_missing;
    return options;
}

void colour_value(const Json& value, int depth, std::string& out) {
    const std::string pad(static_cast<std::size_t>(depth + 1) * 4, ' ');
    const std::string close(static_cast<std::size_t>(depth) * 4, ' ');
    if (value.is_structured() && value.empty()) {
        out += value.is_object() ? "{}" : "[]";
    } else if (value.is_object() || value.is_array()) {
        out += value.is_object() ? "{\n" : "[\n";
        std::size_t left = value.size();
        for (auto it = value.begin(); it != value.end(); ++it) {
            out += pad;
            if (value.is_object()) {
                out += "\033[36m" + dump_json(Json(it.key())) + "\033[0m: ";
            }
            colour_value(*it, depth + 1, out);
            out += --left > 0 ? ",\n" : "\n";
        }
        out += close + (value.is_object() ? "}" : "]");
    } else {
        const char* colour = value.is_string() ? "\033[32m" : "\033[95m";
        out += colour + dump_json(value) + "\033[0m";
    }
}

}  // namespace

std::string colour_json(const Json& value) {
    std::string out;
    colour_value(value, 0, out);
    return out;
}

std::string instances_table(const std::vector<store::Instance>& instances, const ListFacts& facts,
                            bool all_fields) {
    const Columns columns = choose_columns(instances, facts, all_fields);
    std::vector<Row> rows;
    const auto add = [&](const std::string& type, const std::string& arch, const std::string& dir,
                         Row first, Row last) {
        if (columns.type) {
            first.push_back(type);
        }
        if (columns.arch) {
            first.push_back(arch);
        }
        first.insert(first.end(), last.begin(), last.end());
        if (columns.dir) {
            first.push_back(dir);
        }
        rows.push_back(std::move(first));
    };
    add("VMTYPE", "ARCH", "DIR", {"NAME", "STATUS", "SSH"}, {"CPUS", "MEMORY", "DISK"});
    for (const auto& instance : instances) {
        add(instance.vm_type, instance.arch, tilde(instance.dir, facts.host.home.string()),
            {instance.name, instance.status,
             fmt::format("{}:{}", instance.ssh_address, instance.ssh_local_port)},
            {std::to_string(instance.cpus), format_size(instance.memory),
             format_size(instance.disk)});
    }
    return format_table(rows);
}

Json instance_json(const store::Instance& instance, const ListFacts& facts) {
    Json record = store::to_json(instance);
    record["HostOS"] = facts.host.os;
    record["HostArch"] = facts.host.arch;
    record["LimaHome"] = facts.lima_home;
    record["IdentityFile"] = facts.identity_file;
    while (prune_empty_objects(record)) {
    }
    return record;
}

std::string instances_json(const std::vector<store::Instance>& instances, const ListFacts& facts) {
    std::string out;
    for (const auto& instance : instances) {
        const Json record = instance_json(instance, facts);
        out += (facts.terminal ? colour_json(record) : dump_json(record)) + "\n";
    }
    return out;
}

std::string instances_yaml(const std::vector<store::Instance>& instances, const ListFacts& facts) {
    std::string out;
    for (const auto& instance : instances) {
        out += "---\n" + text::emit_yaml(instance_json(instance, facts));
    }
    return out;
}

Result<std::string> instances_template(const std::vector<store::Instance>& instances,
                                       const ListFacts& facts, const std::string& format) {
    LIMA_TRY(const auto parsed, text::Template::parse(format, template_options()),
             "invalid go template");
    std::string out;
    for (const auto& instance : instances) {
        LIMA_TRY(const auto line, parsed.execute(store::template_data(
                                      instance, facts.host, facts.lima_home, facts.identity_file)));
        out += line + "\n";
    }
    return out;
}

}  // namespace lima::cli
