#include "core/cli/format/instances.hpp"

#include "core/base/text.hpp"
#include "core/base/units.hpp"
#include "core/cli/format/json.hpp"
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

}  // namespace

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
    drop_empty_objects(record);
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
