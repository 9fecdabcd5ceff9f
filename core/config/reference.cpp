#include "core/config/reference.hpp"

#include "core/base/text.hpp"
#include "core/config/fields.hpp"
#include "core/config/format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <typeindex>

namespace lima::config {
namespace {

constexpr const char* kFrame = R"md(# lima.yaml

<!-- Made from the field table (core/config/fields.hpp) by `limactl generate-jsonschema --markdown`; do not edit. -->

An instance is described by `$LIMA_HOME/NAME/lima.yaml`; a template is the same kind of file. Only `images` has to be
there, and a template may leave even that to its [`base`](#top). `limactl validate FILE` names every mistake of a file
with its line; a key that nothing knows is a warning. `limactl generate-jsonschema` prints a JSON schema for editors.

## How files are read

- A key without a value (`cpus:` or `cpus: null`) is as good as absent.
- YAML 1.2 with a few habits of Lima: `true` and `false` alone are truth values (`yes` and `on` are texts); `0x10`,
  `0o17`, `017` and `1_000` are numbers; a number where a text is wanted becomes that text (`1.10` becomes `1.1`, so
  quote versions), and digits in quotes are a number where one is wanted. Anchors, aliases and `<<` work. Only the first
  document of a file counts. Keys must not be given twice.
- Sizes are numbers with a unit: `512MiB`, `4GiB`, `1.5TiB`, `4G`. The units are powers of 1024; case does not matter; a
  plain number is bytes.
- Paths of the host may begin with `~`.

## Several files, one value

From weak to strong:

| file | read | for |
|---|---|---|
| built-in defaults | | the column "default" below |
| `$LIMA_HOME/_config/default.yaml` | at every load | what you like for all instances |
| `$LIMA_HOME/NAME/lima.yaml` | at every load | the instance |
| `$LIMA_HOME/_config/override.yaml` | at every load | what holds for all instances whatever they say |

The column "files" says how they become one value:

| word | meaning |
|---|---|
| strongest | the strongest file that has a value wins; `""`, `false` and `0` are values |
| not empty | likewise, but an empty list is no value |
| joined | one list: override.yaml's entries first, then lima.yaml's, then default.yaml's |
| joined once | one list: default.yaml's entries first, equal ones once |
| combined | one list: default.yaml's entries first; entries of the same key become one, the stronger file's fields win |
| by key | for each key of the map the strongest file that has it |
| by field | each field below by its own rule |
| own | only lima.yaml counts |

When an instance is created, the template's `base` files are merged into its text, below the template itself;
`$LIMA_HOME/_config/base.yaml` is the first of them. There, an explicit `null` in the template keeps a base's value
out, maps are combined deeply, and lists are joined (`dns`: only when the template's is empty).

## Templates in values

Texts marked "guest template" or "host template" are expanded by Go's text/template at every load. `{{"{{"}}` writes two
braces. A template that cannot be read is left as it is, with a warning.

| variable | guest templates | host templates |
|---|---|---|
| `{{.Name}}` | name of the instance | the same |
| `{{.Hostname}}` | name of the guest, `lima-NAME` | - |
| `{{.User}}`, `{{.UID}}`, `{{.Home}}` | the guest's user | the host's user |
| `{{.Param.X}}` | lima.yaml's `param` | the same |
| `{{.Dir}}` | - | directory of the instance |
| `{{.TempDir}}`, `{{.GlobalTempDir}}` | - | `$TMPDIR`, and `/tmp` |

)md";

struct Row {
    std::string key;
    std::string below;  // the section that describes what the key holds
    std::string type;
    std::string fallback;
    std::string files;
    std::string allowed;
    std::string doc;
};

/// The table of one struct, under each path that leads to it.
struct Section {
    std::type_index type;
    std::vector<std::string> paths;
    std::vector<Row> rows;
    bool in_list = false;  // the rules for several files are those of the list
};

std::string anchor(const std::string& heading) {
    std::string out;
    for (const char c : to_lower(heading)) {
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_') {
            out += c;
        } else if (c == ' ') {
            out += '-';
        }
    }
    return out;
}

std::string heading(const std::vector<std::string>& paths) {
    std::vector<std::string> quoted;
    for (const std::string& path : paths) {
        quoted.push_back("`" + path + "`");
    }
    return join(quoted, ", ");
}

/// A cell must not end its column.
std::string cell(const std::string& text) { return replace_all(text, "|", "\\|"); }

std::string code(std::string_view text) {
    return text.empty() ? std::string("`\"\"`") : fmt::format("`{}`", text);
}

const char* files_word(Merge rule) {
    switch (rule) {
        case Merge::kScalar:
            return "strongest";
        case Merge::kList:
            return "joined";
        case Merge::kUnique:
            return "joined once";
        case Merge::kByKey:
            return "combined";
        case Merge::kFirst:
            return "not empty";
        case Merge::kMap:
            return "by key";
        case Merge::kOwn:
            return "own";
        case Merge::kStruct:
            return "by field";
    }
    return "";
}

std::string fallback_words(const Default& fallback) {
    switch (fallback.type) {
        case Default::Type::kNone:
            return "";
        case Default::Type::kBool:
            return fallback.boolean ? "`true`" : "`false`";
        case Default::Type::kInt:
            return fmt::format("`{}`", fallback.integer);
        case Default::Type::kString:
            return code(fallback.text);
        case Default::Type::kWords:
            return fallback.text;
    }
    return "";
}

std::string words_in_code(const WordList& words) {
    std::vector<std::string> out;
    for (const char* word : words) {
        out.push_back(code(word));
    }
    return join(out, ", ");
}

template <class F>
std::string allowed_words(const F& f) {
    if (!f.allowed.empty()) {
        return words_in_code(f.allowed);
    }
    if (!f.usual.empty()) {
        return "usually " + words_in_code(f.usual);
    }
    return std::string(words_of(f.format == Format::kAny ? f.key_format : f.format));
}

template <class T>
std::string type_words(bool one_or_many) {
    if constexpr (is_optional<T>::value) {
        return type_words<typename is_optional<T>::Value>(one_or_many);
    } else if constexpr (is_vector<T>::value) {
        const std::string item = type_words<typename T::value_type>(false);
        return one_or_many ? item + ", or a list of them" : "list of " + item;
    } else if constexpr (HasShortForm<T>) {
        return "text or map";
    } else if constexpr (HasTable<T> || std::is_same_v<T, JsonMap>) {
        return "map";
    } else if constexpr (is_map<T>::value) {
        return "map of text";
    } else if constexpr (std::is_same_v<T, PortRange>) {
        return "list of two numbers";
    } else if constexpr (std::is_same_v<T, bool>) {
        return "true or false";
    } else if constexpr (std::is_integral_v<T>) {
        return "number";
    } else {
        return "text";
    }
}

class Page {
public:
    template <HasTable T>
    void add(const std::string& path, bool in_list) {
        const auto known = std::find_if(sections_.begin(), sections_.end(), [](const Section& s) {
            return s.type == std::type_index(typeid(T));
        });
        if (known != sections_.end()) {
            known->paths.push_back(path);
            return;
        }
        const std::size_t mine = sections_.size();
        sections_.push_back(Section{typeid(T), {path}, {}, in_list});
        for_each_field<T>([&](const auto& f) { sections_[mine].rows.push_back(row(f)); });
        std::size_t index = 0;
        for_each_field<T>([&](const auto& f) {
            using F = std::remove_cvref_t<decltype(f)>;
            std::string below = path.empty() ? f.key : path + "." + f.key;
            if constexpr (HasTable<typename F::Shape>) {
                add<typename F::Shape>(below, in_list);
            } else {
                below = add_below<typename F::MemberType>(below, in_list);
            }
            sections_[mine].rows[index++].below = std::move(below);
        });
    }

    std::string text() const {
        std::string out;
        for (const Section& section : sections_) {
            out += section.paths.front().empty() ? "## Top\n\n"
                                                 : "## " + heading(section.paths) + "\n\n";
            out += table(section) + "\n";
        }
        return out;
    }

private:
    /// The path that the section got; empty when there is nothing below.
    template <class T>
    std::string add_below(const std::string& path, bool in_list) {
        if constexpr (is_optional<T>::value) {
            return add_below<typename is_optional<T>::Value>(path, in_list);
        } else if constexpr (is_vector<T>::value) {
            return add_below<typename T::value_type>(path + "[]", true);
        } else if constexpr (HasTable<T>) {
            add<T>(path, in_list);
            return path;
        } else {
            return "";
        }
    }

    /// The key, with a link to what is below it.
    std::string key_cell(const Row& row) const {
        for (const Section& section : sections_) {
            if (!row.below.empty() && std::find(section.paths.begin(), section.paths.end(),
                                                row.below) != section.paths.end()) {
                return fmt::format("[`{}`](#{})", row.key, anchor(heading(section.paths)));
            }
        }
        return code(row.key);
    }

    template <class F>
    Row row(const F& f) const {
        Row out;
        out.key = f.key;
        out.type = type_words<typename F::MemberType>(f.one_or_many);
        out.fallback = f.required ? "(needed)" : fallback_words(f.fallback);
        out.files = files_word(f.merge);
        out.allowed = allowed_words(f);
        out.doc = f.doc;
        if (*f.instead != '\0') {
            out.doc += fmt::format(" **Deprecated**: use {}.", f.instead);
        }
        return out;
    }

    std::string table(const Section& section) const {
        std::string out = section.in_list ? "| key | type | default | allowed | meaning |\n"
                                            "|---|---|---|---|---|\n"
                                          : "| key | type | default | files | allowed | meaning |\n"
                                            "|---|---|---|---|---|---|\n";
        for (const Row& row : section.rows) {
            out += fmt::format("| {} | {} | {} | ", key_cell(row), row.type, cell(row.fallback));
            out += section.in_list ? "" : row.files + " | ";
            out += fmt::format("{} | {} |\n", cell(row.allowed), cell(row.doc));
        }
        return out;
    }

    std::vector<Section> sections_;
};

std::string schema_type(const Json& schema) {
    if (schema.contains("enum")) {
        std::vector<std::string> words;
        for (const Json& word : schema["enum"]) {
            words.push_back("`" + dump_json(word) + "`");
        }
        return join(words, ", ");
    }
    const std::string type = json_string(schema, "type");
    return type == "boolean"   ? "true or false"
           : type == "object"  ? "map"
           : type == "string"  ? "text"
           : type == "array"   ? "list"
           : type == "integer" ? "number"
                               : type;
}

void add_option_rows(const Json& schema, const std::string& prefix, std::string& out) {
    if (!schema.contains("properties")) {
        return;
    }
    for (const auto& [key, property] : schema["properties"].items()) {
        out += fmt::format("| `{}{}` | {} | {} |\n", prefix, key, schema_type(property),
                           cell(json_string(property, "description")));
        add_option_rows(property, prefix + key + ".", out);
    }
}

/// The drivers that the table names.
WordList usual_drivers() {
    WordList words;
    for_each_field<Config>([&words](const auto& f) {
        if (std::string_view(f.key) == "vmType") {
            words = f.usual;
        }
    });
    return words;
}

std::string driver_options(const std::map<std::string, Json>& drivers) {
    std::string out;
    for (const auto& [name, schema] : drivers) {
        if (!usual_drivers().contains(name)) {
            continue;
        }
        out += fmt::format("## `vmOpts.{}`\n\n", name);
        std::string rows;
        add_option_rows(schema, "", rows);
        out += rows.empty() ? fmt::format("The driver {} has no options.\n\n", name)
                            : "| key | type | meaning |\n|---|---|---|\n" + rows + "\n";
    }
    return out;
}

}  // namespace

std::string reference_page(const std::map<std::string, Json>& drivers) {
    Page page;
    page.add<Config>("", false);
    std::string out = kFrame + page.text() + driver_options(drivers);
    out.pop_back();  // one line feed at the end
    return out;
}

}  // namespace lima::config
