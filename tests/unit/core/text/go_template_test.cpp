#include "core/text/go_template.hpp"

#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/text/go_format.hpp"
#include "tests/support/golden.hpp"
#include "tests/support/random_tree.hpp"

#include <gtest/gtest.h>

namespace lima::text {
namespace {

std::string render(std::string_view text, const Json& data, TemplateOptions options = {}) {
    const auto out = expand_template(text, data, std::move(options));
    return out ? *out : "error: " + out.error().text();
}

/// What the original's engine does, recorded: one JSON object a line, the first with the data.
TEST(GoTemplate, DoesWhatGoDoes) {
    const auto recorded = fs::read_file(test::golden_path("core/text/go_template.jsonl"));
    ASSERT_TRUE(recorded) << recorded.error().text();
    const auto records = lines(*recorded);
    ASSERT_GT(records.size(), 200U);
    const auto head = parse_json(records[0]);
    ASSERT_TRUE(head);
    const Json& data = head->at("data");
    for (std::size_t i = 1; i < records.size(); ++i) {
        const auto record = parse_json(records[i]);
        ASSERT_TRUE(record) << "line " << i + 1;
        const std::string text = json_string(*record, "template");
        std::string out;
        std::string error;
        if (const auto parsed = Template::parse(text, {.name = "t"}); !parsed) {
            error = parsed.error().text();
        } else if (const auto done = parsed->execute_to(data, out); !done) {
            error = done.error().text();
        }
        EXPECT_EQ(out, json_string(*record, "output")) << text;
        EXPECT_EQ(error, json_string(*record, "error")) << text;
    }
}

TEST(GoTemplate, MissingKeysPrintNoValue) {
    const Json data = {{"Name", "x"}, {"Param", {{"a", "1"}}}, {"Null", nullptr}};
    EXPECT_EQ(render("{{.Nope}}", data), "<no value>");
    EXPECT_EQ(render("{{.Nope.Deeper.Still}}", data), "<no value>");
    EXPECT_EQ(render("{{.Param.b}}-{{.Param.a}}", data), "<no value>-1");
    EXPECT_EQ(render("{{.Null}}{{.Null.x}}", data), "<no value><no value>");
    EXPECT_EQ(render("{{.Name.x}}", data),
              "error: template: template:1:7: executing \"template\" at <.Name.x>: can't evaluate "
              "field x in "
              "type string");
}

TEST(GoTemplate, StrictFieldsAreAboutTheTopLevel) {
    const Json data = {{"Name", "x"}, {"Instance", {{"Name", "y"}}}, {"List", {1, 2}}};
    const TemplateOptions strict{.strict_fields = true};
    EXPECT_EQ(render("{{.Name}}{{.Instance.Name}}{{.Instance.Nope}}", data, strict),
              "xy<no value>");
    for (const char* text : {"{{.Unknown}}", "{{$.Unknown}}", "{{.Unknown.Deep}}",
                             "{{range .List}}{{$.Unknown}}{{end}}", "{{with $}}{{.Unknown}}{{end}}",
                             "{{$x := .}}{{$x.Unknown}}", "{{if .Unknown}}{{end}}",
                             "{{template \"t\" .}}{{define \"t\"}}{{.Unknown}}{{end}}"}) {
        EXPECT_NE(render(text, data, strict).find("can't evaluate field Unknown"),
                  std::string::npos)
            << text;
        EXPECT_EQ(render(text, data).find("error"), std::string::npos) << text;
    }
}

TEST(GoTemplate, OutputBeforeAnErrorIsKept) {
    const auto parsed = Template::parse("ab{{.x}}{{index .x 9}}cd");
    ASSERT_TRUE(parsed);
    std::string out = ">";
    const auto done = parsed->execute_to({{"x", Json::array({1})}}, out);
    ASSERT_FALSE(done);
    EXPECT_EQ(out, ">ab[1]");
    EXPECT_FALSE(parsed->execute({{"x", Json::array({1})}}));
}

TEST(GoTemplate, FunctionsOfTheCaller) {
    TemplateOptions options;
    options.functions["join"] = [](const std::vector<Json>& arguments) -> Result<Json> {
        std::string out;
        for (const Json& argument : arguments) {
            out += "[" + dump_json(argument) + "]";
        }
        return Json(out);
    };
    options.functions["broken"] = [](const std::vector<Json>&) -> Result<Json> {
        return fail(Error(Code::kUnavailable, "no luck").with_hint("try again"));
    };
    options.functions["len"] = [](const std::vector<Json>&) -> Result<Json> {
        return Json("mine");
    };
    options.functions["object"] = [](const std::vector<Json>&) -> Result<Json> {
        return Json{{"inner", {{"k", "v"}}}};
    };
    EXPECT_EQ(
        render("{{join 1 .a nil true}}{{.a | join \"x\"}}{{join}}", {{"a", {{"b", 2}}}}, options),
        "[1][{\"b\":2}][null][true][\"x\"][{\"b\":2}]");
    EXPECT_EQ(render("{{yaml .}}", {}),
              "error: template: template:1: function \"yaml\" not defined");
}

TEST(GoTemplate, WhatLimaUsersWrite) {
    const Json data = {
        {"Name", "default"},
        {"UID", 501},
        {"Dir", "/home/u/.lima/default"},
        {"Param", {{"Rootful", "true"}}},
        {"Config", {{"CPUs", 4}, {"SSH", {{"LocalPort", 60022}}}, {"Mounts", Json::array()}}}};
    EXPECT_EQ(render("unix://{{.Dir}}/sock/docker.sock", data),
              "unix:///home/u/.lima/default/sock/docker.sock");
    EXPECT_EQ(
        render("/run/user/{{.UID}}/podman{{if eq .Param.Rootful \"true\"}}-root{{end}}.sock", data),
        "/run/user/501/podman-root.sock");
    EXPECT_EQ(render("{{.Config.CPUs}} {{.Config.SSH.LocalPort}} {{len .Config.Mounts}}", data),
              "4 60022 0");
    EXPECT_EQ(render("docker ps --format '{{\"{{\"}}.ID{{\"}}\"}}'", data),
              "docker ps --format '{{.ID}}'");
    EXPECT_EQ(render("docker ps --format '{{.ID}}'", data), "docker ps --format '<no value>'");
    EXPECT_EQ(render("{{- range $k, $v := .Config.SSH}}\n{{$k}}={{$v}}\n{{- end}}", data),
              "\nLocalPort=60022");
}

TEST(GoTemplate, TheSameTemplateServesManyData) {
    const auto parsed = Template::parse("{{$n := .n}}{{$n = len .l}}{{.n}}/{{$n}}");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed->execute({{"n", 1}, {"l", {1, 2}}}), "1/2");
    EXPECT_EQ(*parsed->execute({{"n", 2}, {"l", Json::array()}}), "2/0");
}

TEST(GoTemplate, DepthHasAnEnd) {
    EXPECT_NE(render("{{define \"r\"}}{{template \"r\" .}}{{end}}{{template \"r\"}}", {})
                  .find("maximum template depth"),
              std::string::npos);
    std::string deep = "{{define \"r\"}}";
    for (int i = 0; i < 150; ++i) {
        deep += "{{if true}}{{with 1}}";
    }
    EXPECT_NE(render(deep, {}).find("too many nested"), std::string::npos);
    deep = "{{define \"r\"}}" + replace_all(std::string(90, 'x'), "x", "{{if true}}{{with 1}}") +
           "{{template \"r\"}}" + replace_all(std::string(180, 'x'), "x", "{{end}}") +
           "{{end}}{{template \"r\"}}";
    EXPECT_NE(render(deep, {}).find("maximum template depth"), std::string::npos)
        << render(deep, {});
    std::string parens = "{{";
    std::string ifs;
    for (int i = 0; i < 5000; ++i) {
        parens += "(";
        ifs += "{{if 1}}";
    }
    EXPECT_NE(render(parens, {}).find("too many nested"), std::string::npos);
    EXPECT_NE(render(ifs, {}).find("too many nested"), std::string::npos);
    std::string chain = "{{if 0}}";
    for (int i = 0; i < 5000; ++i) {
        chain += "{{else if 0}}";
    }
    EXPECT_NE(render(chain + "{{end}}", {}).find("too many nested"), std::string::npos);
}

TEST(GoTemplate, WorkHasAnEnd) {
    EXPECT_NE(
        render("{{range 9223372036854775807}}{{end}}", {}).find("gave up after 1000000 steps"),
        std::string::npos);
    EXPECT_EQ(render("{{range 3}}x{{end}}", {}), "xxx");
    // Twice as much work with each letter.
    EXPECT_NE(
        render("{{define \"r\"}}{{if .}}{{template \"r\" (slice . 1)}}{{template \"r\" (slice . "
               "1)}}{{end}}{{end}}{{template \"r\" \"" +
                   std::string(60, 'a') + "\"}}",
               {})
            .find("gave up"),
        std::string::npos);
    std::string doubling = "{{$x := \"0123456789abcdef\"}}";
    for (int i = 0; i < 50; ++i) {
        doubling += "{{$x = print $x $x}}";
    }
    EXPECT_NE(render(doubling + "{{len $x}}", {}).find("gave up"), std::string::npos);
    std::string wide;
    for (int i = 0; i < 1000; ++i) {
        wide += "%999999[1]d";
    }
    const std::string printed = render("{{printf \"" + wide + "\" 1 | len}}", {});
    EXPECT_EQ(printed.substr(0, 2), "67");  // a little more than 64 MiB of them
    TemplateOptions few;
    few.max_steps = 10;
    EXPECT_NE(expand_template("{{range .}}{{.}}{{end}}", Json::array({1, 2, 3, 4, 5, 6}), few)
                  .error()
                  .text()
                  .find("gave up after 10 steps"),
              std::string::npos);
}

TEST(GoTemplate, AQuotedTextIsPrintedAsItIs) {
    test::Random random(4);
    for (int i = 0; i < 2000 && !HasFailure(); ++i) {
        const std::string text = test::random_string(random);
        EXPECT_EQ(render("{{" + go_quote(text) + "}}", {}), text);
        EXPECT_EQ(render("{{printf \"%q\" .}}", text), go_quote(text));
        const std::string twice = render("{{printf \"%q\" .}}", go_quote(text));
        EXPECT_EQ(render("{{" + twice + "}}", {}), go_quote(text));
    }
}

TEST(GoTemplate, NoTextCrashes) {
    // Every prefix and every text with one byte left out of something that has it all.
    const std::string all =
        "a{{- /* c */ -}} {{define \"x\"}}{{.}}{{end}}{{range $i, $e := .l}}{{if and (eq $i 0) "
        "true}}{{continue}}"
        "{{else if .a.b}}{{break}}{{end}}{{else}}{{with $y := (index .m `k`).z}}{{$y | printf "
        "\"%*[1]d\" -1.5e3}}"
        "{{end}}{{end}}{{template \"x\" 'c'}}{{block \"b\" nil}}{{end}}";
    ASSERT_TRUE(Template::parse(all)) << Template::parse(all).error().text();
    const Json data = {{"l", {1, 2}}, {"m", {{"k", {{"z", 1}}}}}};
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::string cut = all.substr(0, i);
        const std::string holed = all.substr(0, i) + all.substr(i + 1);
        EXPECT_FALSE(render(cut, data).empty() && i > 18) << cut;
        render(holed, data);
    }
}

TEST(GoFormat, TypesAndValues) {
    EXPECT_EQ(go_type_name(Json(1)), "int");
    EXPECT_EQ(go_type_name(Json(1.0)), "float64");
    EXPECT_EQ(go_type_name(Json()), "<nil>");
    EXPECT_EQ(go_value_text(Json{{"b", {1, nullptr}}, {"a", 2.5}}), "map[a:2.5 b:[1 <nil>]]");
    EXPECT_EQ(go_value_text(Json(18446744073709551615ULL)), "18446744073709551615");
    EXPECT_EQ(go_value_text(Json(INT64_MIN)), "-9223372036854775808");
    EXPECT_EQ(go_sorted_keys(Json{{"b", 1}, {"B", 2}, {"a", 3}}),
              (std::vector<std::string>{"B", "a", "b"}));
}

TEST(GoFormat, Sprintf) {
    EXPECT_EQ(go_sprintf("%d %s %v", {1, "a", true}), "1 a true");
    EXPECT_EQ(go_sprintf("%6.2f|%-6d|%06d", {3.14159, 42, -42}), "  3.14|42    |-00042");
    EXPECT_EQ(go_sprintf("%d", {}), "%!d(MISSING)");
    EXPECT_EQ(go_sprintf("x", {1}), "x%!(EXTRA int=1)");
    EXPECT_EQ(go_sprintf("%", {}), "%!(NOVERB)");
    EXPECT_EQ(go_sprintf("%s", {5}), "%!s(int=5)");
    EXPECT_EQ(go_sprint({1, 2, "a", "b", 3, 4}), "1 2ab3 4");
    EXPECT_EQ(go_sprintln({"a", 1}), "a 1\n");
}

}  // namespace
}  // namespace lima::text
