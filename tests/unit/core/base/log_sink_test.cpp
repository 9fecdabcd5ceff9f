#include "core/base/log_sink.hpp"

#include <gtest/gtest.h>

namespace lima::log {
namespace {

using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

TEST(LogSink, WritesEncodedLinesToStderr) {
    CaptureStderr();
    install_stderr_sink(Format::kText);
    info("one {}", "two");
    write(Level::kWarning, "fielded", {{"k", "v w"}});
    debug("below the level");
    const std::string text = GetCapturedStderr();
    EXPECT_NE(text.find(" level=info msg=\"one two\"\n"), std::string::npos) << text;
    EXPECT_NE(text.find(" level=warning msg=fielded k=\"v w\"\n"), std::string::npos) << text;
    EXPECT_EQ(text.find("below"), std::string::npos) << text;
}

TEST(LogSink, TheFormatCanChange) {
    CaptureStderr();
    install_stderr_sink(Format::kJson);
    error("{{}} 100% \xC3\xBC");
    const std::string text = GetCapturedStderr();
    EXPECT_EQ(text.find("{\"level\":\"error\",\"msg\":\"{} 100% \xC3\xBC\",\"time\":\""), 0U)
        << text;
    CaptureStderr();
    install_stderr_sink(Format::kTerminal);
    info("now");
    EXPECT_EQ(GetCapturedStderr().find("\x1b[36mINFO\x1b[0m[0000] now "), 0U);
}

}  // namespace
}  // namespace lima::log
