#include "core/text/yq/program_options.hpp"

#include "core/text/yq/program.hpp"

#include <gtest/gtest.h>

namespace lima::text::yq {
namespace {

using Words = std::vector<std::string>;

ProgramOptions parsed(const Words& arguments) {
    auto options = parse_program_options(arguments);
    EXPECT_TRUE(options.has_value()) << (options ? "" : options.error().text());
    return options ? *options : ProgramOptions{};
}

std::string error_of(const Words& arguments) {
    const auto options = parse_program_options(arguments);
    EXPECT_FALSE(options.has_value());
    return options ? "" : options.error().text();
}

TEST(ProgramOptions, FlagsMayStandAnywhere) {
    const ProgramOptions options = parsed({".a", "-i", "f", "-oj", "--indent", "4", "g"});
    EXPECT_EQ(options.words, (Words{".a", "f", "g"}));
    EXPECT_TRUE(options.in_place);
    EXPECT_EQ(options.output_format, "j");
    EXPECT_EQ(options.encode.indent, 4);
}

TEST(ProgramOptions, LettersMayStandTogether) {
    const ProgramOptions options = parsed({"-nrP0", "-I=0", "-o=json", "-p", "xml", "-N"});
    EXPECT_TRUE(options.null_input && options.pretty && options.nul_output);
    EXPECT_EQ(options.unwrap, true);
    EXPECT_EQ(options.encode.indent, 0);
    EXPECT_EQ(options.output_format, "json");
    EXPECT_EQ(options.input_format, "xml");
    EXPECT_TRUE(options.no_documents);
}

TEST(ProgramOptions, SwitchesTakeAValueBehindAnEqualsSignAlone) {
    const ProgramOptions options = parsed({"-r=false", "--inplace=false", "-e=0", "--no-doc", "x"});
    EXPECT_EQ(options.unwrap, false);
    EXPECT_FALSE(options.in_place);
    EXPECT_FALSE(options.exit_status);
    EXPECT_TRUE(options.no_documents);
    EXPECT_EQ(options.words, Words{"x"});
}

TEST(ProgramOptions, BehindTwoDashesThereAreNoFlags) {
    EXPECT_EQ(parsed({"-n", "--", "-i", "--x"}).words, (Words{"-i", "--x"}));
    EXPECT_EQ(parsed({"."}).words, Words{"."});
    EXPECT_EQ(parsed({".", "-"}).words, (Words{".", "-"}));
}

TEST(ProgramOptions, CommandsAreTheFirstWord) {
    EXPECT_TRUE(parsed({"ea", "."}).all);
    EXPECT_TRUE(parsed({"-n", "eval-all", "."}).all);
    EXPECT_FALSE(parsed({"e", "."}).all);
    EXPECT_EQ(parsed({"eval", "."}).words, Words{"."});
    EXPECT_EQ(parsed({".", "ea"}).words, (Words{".", "ea"}));
    EXPECT_EQ(parsed({"--help"}).action, ProgramAction::kHelp);
    EXPECT_EQ(parsed({"ea", "-h"}).action, ProgramAction::kHelp);
    EXPECT_EQ(parsed({"-V"}).action, ProgramAction::kVersion);
}

TEST(ProgramOptions, OfFormats) {
    const ProgramOptions options =
        parsed({"--csv-separator=;", "--xml-attribute-prefix", "@", "--properties-separator", "=",
                "--xml-keep-namespace=false", "--lua-globals", "-j"});
    EXPECT_EQ(options.decode.csv_separator, ';');
    EXPECT_EQ(options.encode.csv_separator, ';');
    EXPECT_EQ(options.decode.xml.attribute_prefix, "@");
    EXPECT_EQ(options.encode.xml.attribute_prefix, "@");
    EXPECT_EQ(options.encode.properties_separator, "=");
    EXPECT_FALSE(options.decode.xml_keep_namespace);
    EXPECT_TRUE(options.encode.lua_globals);
    EXPECT_EQ(options.output_format, "json");
    EXPECT_EQ(parsed({"-j", "-oy"}).output_format, "y");
}

TEST(ProgramOptions, MistakesAreTold) {
    EXPECT_EQ(error_of({"--nothing=1"}), "unknown flag: --nothing");
    EXPECT_EQ(error_of({"-nx"}), "unknown shorthand flag: 'x' in -nx");
    EXPECT_EQ(error_of({"-o"}), "flag needs an argument: 'o' in -o");
    EXPECT_EQ(error_of({"--indent"}), "flag needs an argument: --indent");
    EXPECT_EQ(error_of({"-Ix"}), "-I: invalid argument \"x\": not a number from 0 to 40");
    EXPECT_EQ(error_of({"-I-1"}), "-I: invalid argument \"-1\": not a number from 0 to 40");
    EXPECT_EQ(error_of({"-e=maybe"}), "-e: invalid argument \"maybe\": not a truth value");
    EXPECT_EQ(error_of({"--csv-separator=ab"}),
              "--csv-separator: invalid argument \"ab\": not a single character");
    EXPECT_EQ(error_of({"-f", "x"}), "-f: invalid argument \"x\": not one of extract, process");
    EXPECT_EQ(
        error_of({"--string-interpolation=false"}),
        "--string-interpolation: invalid argument \"false\": this program knows no other way");
}

TEST(ProgramOptions, HelpNamesAllFlagsThatDoSomething) {
    const std::string help = program_help();
    for (const char* flag : {"-i, --inplace", "-n, --null-input", "-p, --input-format string",
                             "-o, --output-format string", "    --from-file string",
                             "    --xml-content-name string"}) {
        EXPECT_NE(help.find(flag), std::string::npos) << flag;
    }
    EXPECT_EQ(help.find("--tojson"), std::string::npos);
}

TEST(Program, IsCalledYq) {
    EXPECT_TRUE(is_yq("yq"));
    EXPECT_TRUE(is_yq("/usr/local/bin/yq"));
    EXPECT_TRUE(is_yq("./yq.lima.exe"));
    EXPECT_FALSE(is_yq("/yq/limactl"));
    EXPECT_FALSE(is_yq("yqx"));
    EXPECT_FALSE(is_yq("x.yq"));
}

}  // namespace
}  // namespace lima::text::yq
