#include "core/cli/kit/editor.hpp"

#include <gtest/gtest.h>

namespace lima::cli {
namespace {

const std::string kEnd = "# ----- comments above this line are not kept -----\n";

TEST(Editor, TheHeaderIsCutAsLongAsItsEndIsThere) {
    EXPECT_EQ(cut_header("# a\n#\n" + kEnd + "# mine\ncpus: 1\n"), "# mine\ncpus: 1\n");
    EXPECT_EQ(cut_header("# changed\n\n" + kEnd + "cpus: 1"), "cpus: 1");
    EXPECT_EQ(cut_header("# a\ncpus: 1\n" + kEnd + "os: Linux\n"), "cpus: 1\nos: Linux\n");
    EXPECT_EQ(cut_header("# mine\ncpus: 1\n"), "# mine\ncpus: 1\n");
    EXPECT_EQ(cut_header(kEnd), "");
    EXPECT_EQ(cut_header(kEnd.substr(0, kEnd.size() - 1)), "");
    EXPECT_EQ(cut_header("# a\r\n" + kEnd.substr(0, kEnd.size() - 1) + "\r\ncpus: 1\r\n"),
              "cpus: 1\r\n");
    EXPECT_EQ(cut_header(""), "");
}

}  // namespace
}  // namespace lima::cli
