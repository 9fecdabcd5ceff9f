// The messages of the template library, as a user reads them after start.
#include "core/instance/message.hpp"

#include "core/base/json.hpp"
#include "tests/unit/core/template/library_support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lima::instance {
namespace {

using testing::HasSubstr;
using testing::Not;

class Message : public testing::Test {
protected:
    Message() {
        context_.host = tmpl::library::host();
        instance_.name = "box";
        instance_.dir = "/home/jane/.lima/box";
        instance_.vm_type = "qemu";
        instance_.arch = "x86_64";
    }

    std::string of(const std::string& name) {
        instance_.config = tmpl::library::loaded(name).config;
        return render();
    }
    std::string render() {
        instance_.param = instance_.config->param;
        auto text = render_message(context_, instance_);
        EXPECT_TRUE(text.has_value()) << text.error().text();
        return text ? std::move(*text) : std::string();
    }

    Context context_{store::Home("/home/jane/.lima"), {}, {}, {}, false, {}};
    store::Instance instance_;
};

TEST_F(Message, OfEveryTemplateIsRendered) {
    std::size_t count = 0;
    for (const tmpl::Listed& listed : tmpl::list({tmpl::library::kTemplates})) {
        const std::string text = of(listed.name);
        if (text.empty()) {
            continue;
        }
        ++count;
        EXPECT_THAT(text, Not(HasSubstr("<no value>"))) << listed.name;
        EXPECT_THAT(text, Not(HasSubstr("\n\n"))) << listed.name;
        EXPECT_FALSE(text.starts_with("\n")) << listed.name;
        EXPECT_TRUE(text.ends_with("\n")) << listed.name;
    }
    EXPECT_GT(count, 15U);
}

TEST_F(Message, OfDockerKnowsRosetta) {
    EXPECT_THAT(of("docker"), Not(HasSubstr("Rosetta")));
    instance_.vm_type = "vz";
    instance_.arch = "aarch64";
    EXPECT_THAT(of("docker"), HasSubstr("limactl start --rosetta box\n"));
    instance_.config->vm_opts["vz"] = Json{{"rosetta", {{"enabled", true}}}};
    const std::string text = render();
    EXPECT_THAT(text, HasSubstr("docker run --platform linux/amd64 hello-world\n"));
    EXPECT_THAT(text, Not(HasSubstr("--rosetta")));
}

TEST_F(Message, OfPodmanKnowsTheHost) {
    EXPECT_THAT(of("podman"), HasSubstr("podman --remote run"));
    context_.host.os = "darwin";
    EXPECT_THAT(of("podman"), HasSubstr("podman run"));
}

TEST_F(Message, OfANodeThatJoinedNamesItsCluster) {
    EXPECT_THAT(of("k3s"), testing::StartsWith("The kubectl of this host"));
    for (const char* name : {"k3s", "k8s"}) {
        instance_.config = tmpl::library::loaded(name).config;
        instance_.config->param["url"] = "https://lima-k3s-0.internal:6443";
        EXPECT_THAT(render(),
                    testing::StartsWith("This node has joined https://lima-k3s-0.internal:6443."));
    }
}

}  // namespace
}  // namespace lima::instance
