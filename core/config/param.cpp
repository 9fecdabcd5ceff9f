#include "core/config/param.hpp"

#include "core/base/fs.hpp"

#include <algorithm>

namespace lima::config {
namespace {

/// Set by templates for the guest's network set-up; read by the boot scripts, not by a template.
constexpr const char* kExempt = "internal_netplanOptional";

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// The word inside a {{ … }}, without a } in between. One pass: texts may be long.
bool is_in_action(const std::string& text, const std::string& word) {
    bool open = false;
    std::size_t seen = 0;   // how far `open` is known
    std::size_t brace = 0;  // the first } behind the word
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
        for (; seen < at; ++seen) {
            open = (open || text.compare(seen, 2, "{{") == 0) && text[seen] != '}';
        }
        if (brace < at + word.size()) {
            brace = text.find('}', at + word.size());
        }
        if (brace == std::string::npos) {
            return false;
        }
        if (open && text.compare(brace, 2, "}}") == 0) {
            return true;
        }
    }
    return false;
}

void add(std::vector<std::string>& texts, const std::optional<std::string>& text) {
    if (text) {
        texts.push_back(*text);
    }
}

std::vector<std::string> texts_of(const Config& own) {
    std::vector<std::string> texts;
    for (const Provision& step : own.provision) {
        for (const auto* text : {&step.script, &step.content, &step.expression, &step.owner,
                                 &step.path, &step.permissions}) {
            add(texts, *text);
        }
        if (step.playbook && !step.playbook->empty()) {
            if (auto playbook = fs::read_file_if_exists(*step.playbook); playbook && *playbook) {
                texts.push_back(std::move(**playbook));
            }
        }
    }
    for (const Probe& probe : own.probes) {
        add(texts, probe.script);
    }
    for (const CopyToHost& rule : own.copy_to_host) {
        texts.insert(texts.end(), {rule.guest, rule.host});
    }
    for (const PortForward& rule : own.port_forwards) {
        texts.insert(texts.end(), {rule.guest_socket, rule.host_socket});
    }
    for (const Mount& mount : own.mounts) {
        texts.push_back(mount.location);
        add(texts, mount.mount_point);
    }
    return texts;
}

}  // namespace

bool mentions_param(const std::string& text, const std::string& key) {
    if (is_in_action(text, ".Param." + key)) {
        return true;
    }
    const std::string variable = "PARAM_" + key;
    for (std::size_t at = text.find(variable); at != std::string::npos;
         at = text.find(variable, at + 1)) {
        const std::size_t end = at + variable.size();
        if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) {
            return true;
        }
    }
    return false;
}

std::vector<std::string> unused_params(const Config& own) {
    if (own.param.empty()) {
        return {};
    }
    const std::vector<std::string> texts = texts_of(own);
    std::vector<std::string> unused;
    for (const auto& entry : own.param) {
        const std::string& key = entry.first;
        const bool used = std::any_of(texts.begin(), texts.end(), [&key](const std::string& text) {
            return mentions_param(text, key);
        });
        if (!used && key != kExempt) {
            unused.push_back(key);
        }
    }
    return unused;
}

}  // namespace lima::config
