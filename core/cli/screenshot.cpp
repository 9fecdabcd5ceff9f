// limactl screenshot INSTANCE
#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/cli/commands.hpp"
#include "core/cli/kit/cli.hpp"
#include "core/instance/snapshot.hpp"

namespace lima::cli {

namespace {

Result<std::string> format_of(const std::filesystem::path& file) {
    const std::string extension = to_lower(file.extension().string());
    if (extension != ".png" && extension != ".bmp") {
        return fail(Error(Code::kInvalidArgument, fmt::format("unsupported format of a picture: {}",
                                                              name_quote(file.string())))
                        .with_hint("the file's name must end in .png or .bmp"));
    }
    return extension.substr(1);
}

Result<int> run(Cli& cli, const std::string& output, const Args& args) {
    const std::filesystem::path file = output.empty() ? args[0] + "-screenshot.png" : output;
    LIMA_TRY(const std::string format, format_of(file));
    LIMA_TRY(auto* context, cli.context());
    LIMA_TRY(const std::string picture, instance::screenshot(*context, args[0], format));
    LIMA_DO(fs::write_file_atomic(file, picture, 0644));
    log::info("Saved the screenshot to {} ({} bytes)", name_quote(file.string()), picture.size());
    return 0;
}

}  // namespace

void add_screenshot(Cli& cli) {
    Command& command =
        cli.add({.name = "screenshot",
                 .args = "INSTANCE",
                 .summary = "Take a picture of an instance's screen",
                 .details = "Take a picture of an instance's screen.\n\nThe instance must run and "
                            "have a display (`video.display`), and its driver must be able to.",
                 .examples = "  $ limactl screenshot default -o boot.png",
                 .group = Group::kAdvanced,
                 .min_args = 1,
                 .max_args = 1,
                 .complete = complete_instances});
    auto output = std::make_shared<std::string>();
    command.flags().text("o,output", *output,
                         "The file, .png or .bmp (default INSTANCE-screenshot.png)");
    command.run([output](Cli& c, const Args& args) { return run(c, *output, args); });
}

}  // namespace lima::cli
