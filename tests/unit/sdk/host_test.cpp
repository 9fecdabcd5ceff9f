// lima/host.hpp against services that are tables of a test.
#include <lima/host.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace lima::sdk {
namespace {

using testing::ElementsAre;

void put(const lima_sink* out, const char* key, std::string_view value) {
    out->put(out->ctx, key, value.data(), value.size());
}

constexpr lima_host_disk kDisk = {
    [](const lima_host*, const lima_call*, const char* path, const lima_sink* out) -> lima_status {
        put(out, "format", path);
        put(out, "virtual_size", "1099511627776");
        put(out, "backing_file", "/base");
        put(out, "iso", "true");
        return LIMA_OK;
    },
    [](const lima_host*, const lima_call*, const char*, const char*, std::int64_t) -> lima_status {
        return LIMA_RESOURCE_EXHAUSTED;
    },
    [](const lima_host*, const lima_call* call, const char*, std::int64_t size) -> lima_status {
        call->fail(call, size < 5 ? "too small" : "too large");
        call->hint(call, "five");
        return LIMA_INVALID_ARGUMENT;
    },
    nullptr,
    [](const lima_host*, const lima_call*, const char* name, const char* dir,
       const lima_sink* out) -> lima_status {
        put(out, "path", std::string(dir) + "/" + name);
        put(out, "format", "raw");
        return LIMA_OK;
    },
    nullptr};

/// The last spec that was spawned, with its texts, and the callbacks to call.
struct Spawned {
    std::vector<std::string> argv;
    std::vector<std::string> env;
    std::optional<std::string> cwd;
    std::optional<std::string> pid_file;
    std::vector<lima_handle> inherit;
    lima_host_process_spec raw{};
    lima_status answer = LIMA_OK;
};
Spawned g_spawned;

std::optional<std::string> optional_text(const char* text) {
    return text != nullptr ? std::optional<std::string>(text) : std::nullopt;
}

constexpr lima_host_process kProcess = {
    [](const lima_host*, const lima_call*, const lima_host_process_spec* spec,
       std::int64_t* id) -> lima_status {
        g_spawned.raw = *spec;
        for (const char* const* word = spec->argv; *word != nullptr; ++word) {
            g_spawned.argv.emplace_back(*word);
        }
        for (const char* const* entry = spec->env; *entry != nullptr; ++entry) {
            g_spawned.env.emplace_back(*entry);
        }
        g_spawned.cwd = optional_text(spec->cwd);
        g_spawned.pid_file = optional_text(spec->pid_file);
        g_spawned.inherit.assign(spec->inherit, spec->inherit + spec->inherit_count);
        *id = 12;
        return g_spawned.answer;
    },
    [](const lima_host*, std::int64_t id, std::int32_t number) -> lima_status {
        return id == 12 && number == 9 ? LIMA_OK : LIMA_NOT_FOUND;
    },
    [](const lima_host*, const lima_call*, std::int64_t, std::int64_t timeout) -> lima_status {
        return timeout < 0 ? LIMA_OK : LIMA_DEADLINE_EXCEEDED;
    },
    [](const lima_host*, std::int64_t id) -> std::int64_t { return id == 12 ? 1234 : -1; }};

class HostServicesTest : public testing::Test {
protected:
    HostServicesTest() {
        raw_host_.get_extension = [](const lima_host*, const char* id) -> const void* {
            const std::string_view wanted(id);
            if (wanted == LIMA_HOST_EXT_DISK) {
                return &kDisk;
            }
            return wanted == LIMA_HOST_EXT_PROCESS ? &kProcess : nullptr;
        };
        raw_call_.cancelled = [](const lima_call*) -> std::int32_t { return 0; };
        raw_call_.fail = [](const lima_call*, const char*) {
            ADD_FAILURE() << "the outer call is the driver's to fail";
        };
        g_spawned = {};
    }

    lima_host raw_host_{};
    lima_call raw_call_{};
    Host host_{raw_host_};
    Call call_{raw_call_};
};

TEST_F(HostServicesTest, DisksAreValues) {
    const DiskService disks(host_);
    const auto info = disks.inspect(call_, "qcow2");
    ASSERT_TRUE(info);
    EXPECT_EQ(info->format, "qcow2");
    EXPECT_EQ(info->virtual_size, 1099511627776);
    EXPECT_EQ(info->backing_file, "/base");
    EXPECT_TRUE(info->iso);
    const auto locked = disks.lock(call_, "data", "/i");
    EXPECT_EQ(locked->path, "/i/data");
    EXPECT_EQ(locked->format, "raw");
}

TEST_F(HostServicesTest, FailuresAreTheHosts) {
    const DiskService disks(host_);
    const auto resized = disks.resize(call_, "x", 3);
    EXPECT_EQ(resized.error().text(), "too small");
    EXPECT_EQ(resized.error().hint(), "five");
    EXPECT_EQ(resized.error().code(), Code::kInvalidArgument);
    EXPECT_EQ(disks.create(call_, "x", "raw", 3).error().text(), "failed with status 8");
}

TEST_F(HostServicesTest, AServiceThatIsMissingIsUnimplemented) {
    const auto looked = NetworkService(host_).lookup(call_, "user-v2");
    ASSERT_FALSE(looked);
    EXPECT_EQ(looked.error().code(), Code::kUnimplemented);
    EXPECT_EQ(looked.error().text(), "the host does not offer lima.host.network/1");
}

TEST_F(HostServicesTest, AProcessGetsAllThatIsAsked) {
    ProcessService processes(host_);
    ProcessSpec spec;
    spec.argv = {"sleep", "1"};
    spec.env = {"A=b"};
    spec.pid_file = "/x.pid";
    spec.inherit = {7, 8};
    EXPECT_EQ(*processes.spawn(call_, std::move(spec)), 12);
    EXPECT_THAT(g_spawned.argv, ElementsAre("sleep", "1"));
    EXPECT_THAT(g_spawned.env, ElementsAre("A=b"));
    EXPECT_EQ(g_spawned.pid_file, "/x.pid");
    EXPECT_EQ(g_spawned.cwd, std::nullopt);
    EXPECT_THAT(g_spawned.inherit, ElementsAre(7, 8));
    EXPECT_EQ(g_spawned.raw.struct_size, sizeof(lima_host_process_spec));
    EXPECT_EQ(processes.pid(12), 1234);
    EXPECT_TRUE(processes.signal(12, 9));
    EXPECT_FALSE(processes.signal(13, 9));
    EXPECT_TRUE(processes.wait(call_, 12, -1));
    EXPECT_EQ(processes.wait(call_, 12, 0).error().code(), Code::kDeadlineExceeded);
}

TEST_F(HostServicesTest, CallbacksLiveUntilTheEnd) {
    ProcessService processes(host_);
    auto alive = std::make_shared<int>(0);
    std::vector<std::string> heard;
    ProcessSpec spec;
    spec.argv = {"x"};
    spec.line = [&heard, alive](int stream, std::string_view text) {
        heard.push_back(std::to_string(stream) + std::string(text));
    };
    spec.exited = [&heard, alive](int code, int signal) {
        heard.push_back("end " + std::to_string(code) + " " + std::to_string(signal));
    };
    ASSERT_TRUE(processes.spawn(call_, std::move(spec)));
    spec = {};
    EXPECT_EQ(alive.use_count(), 3);
    const lima_host_process_spec& raw = g_spawned.raw;
    raw.line(raw.ctx, 2, "text");
    raw.exited(raw.ctx, 3, 0);
    EXPECT_THAT(heard, ElementsAre("2text", "end 3 0"));
    EXPECT_EQ(alive.use_count(), 1);
}

TEST_F(HostServicesTest, AFailedSpawnKeepsNoCallbacks) {
    ProcessService processes(host_);
    const auto alive = std::make_shared<int>(0);
    g_spawned.answer = LIMA_NOT_FOUND;
    ProcessSpec spec;
    spec.argv = {"x"};
    spec.exited = [alive](int, int) {};
    EXPECT_FALSE(processes.spawn(call_, std::move(spec)));
    spec = {};
    EXPECT_EQ(alive.use_count(), 1);
}

}  // namespace
}  // namespace lima::sdk
