#include "sdk/remote/client/one_shot.hpp"

#include "core/base/json.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "sdk/remote/client/base64.hpp"

namespace lima::remote::client {
namespace {

constexpr std::chrono::seconds kAnswersWithin(10);
constexpr std::size_t kQuoted = 300;

/// The first line of its stdout as JSON.
Result<Json> ask(const Program& program, const char* flag, const std::string& input) {
    SpawnOptions options;
    options.argv = command_of(program);
    options.argv.emplace_back(flag);
    const std::string what = program.executable.string() + " " + flag;
    LIMA_TRY(const Output output, run(std::move(options), input, kAnswersWithin), "{}", what);
    const std::string said(trim(output.err));
    const std::string tail = said.size() > kQuoted ? said.substr(said.size() - kQuoted) : said;
    if (!output.status.ok()) {
        return failf(Code::kUnknown, "{} has ended ({}){}{}", what, output.status.text(),
                     tail.empty() ? "" : ": ", tail);
    }
    auto json = parse_json(trim(output.out));
    if (!json) {
        return failf(Code::kInternal, "{} answers with something else than JSON{}{}", what,
                     tail.empty() ? "" : "; it says: ", tail);
    }
    return json;
}

}  // namespace

Result<std::string> inspect_status(const Program& program, const std::string& instance) {
    const std::string input = dump_json(Json(encode_base64(instance))) + "\n";
    LIMA_TRY(const Json answer, ask(program, "--inspect-status", input));
    if (!answer.is_string()) {
        return failf(Code::kInternal, "{} --inspect-status answers with something else than text",
                     program.executable.string());
    }
    LIMA_TRY(std::string decoded, decode_base64(answer.get<std::string>()),
             "the answer of {} --inspect-status", program.executable.string());
    LIMA_DO(parse_json(decoded), "the answer of {} --inspect-status", program.executable.string());
    return decoded;
}

Result<Json> fill_config(const Program& program, const Json& instance) {
    Json input = Json::object();
    const auto config = instance.find("config");
    input["config"] = config == instance.end() ? Json::object() : *config;
    input["filePath"] = (Path(json_string(instance, "dir")) / "lima.yaml").string();
    return ask(program, "--pre-driver-action", dump_json(input) + "\n");
}

}  // namespace lima::remote::client
