// How `list` prints instances: table, JSON, YAML, Go template (spec/cli.md 7.8). Pure functions of
// records.
#pragma once

#include "core/base/host.hpp"
#include "core/base/json.hpp"
#include "core/store/instance.hpp"

#include <string>
#include <vector>

namespace lima::cli {

struct ListFacts {
    HostFacts host;
    std::string lima_home;
    std::string identity_file;
    int width = 0;  // terminal columns; 0 hides nothing
    bool terminal = false;
};

std::string instances_table(const std::vector<store::Instance>& instances, const ListFacts& facts,
                            bool all_fields);
/// The object of `list --json`: the record, the four deprecated host fields, no empty objects.
Json instance_json(const store::Instance& instance, const ListFacts& facts);
std::string instances_json(const std::vector<store::Instance>& instances, const ListFacts& facts);
std::string instances_yaml(const std::vector<store::Instance>& instances, const ListFacts& facts);
/// One execution per instance, a newline after each.
Result<std::string> instances_template(const std::vector<store::Instance>& instances,
                                       const ListFacts& facts, const std::string& format);
}  // namespace lima::cli
