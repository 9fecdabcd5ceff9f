// Snapshots as values, and of a VM whose monitor is played by the test.
#include "plugins/qemu/snapshots.hpp"

#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "plugins/qemu/live_snapshots.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace lima::qemu {
namespace {

using namespace std::chrono_literals;

constexpr const char* kBlocks = R"json([
  {"device": "pflash0", "inserted": {"ro": true, "drv": "raw", "node-name": "n0"}},
  {"device": "virtio0", "inserted": {"ro": false, "drv": "qcow2", "node-name": "n1",
    "image": {"snapshots": [{"id": "7", "name": "both", "vm-state-size": 0}]}}},
  {"device": "boot-disk", "inserted": {"ro": false, "drv": "qcow2", "node-name": "n2",
    "image": {"snapshots": [
      {"id": "1", "name": "both", "vm-state-size": 126877696, "date-sec": 1795264306,
       "vm-clock-sec": 3725, "vm-clock-nsec": 42000000},
      {"id": "2", "name": "one", "vm-state-size": 0, "date-sec": 0, "icount": 0}]}}},
  {"device": "cdrom0", "inserted": {"ro": true, "drv": "raw", "node-name": "n3"}},
  {"device": "empty"}
])json";

std::vector<SnapshotDisk> disks() { return writable_disks(parse_json(kBlocks).value()).value(); }

TEST(Snapshots, AreReadFromTheDisksThatCanBeWrittenTo) {
    const auto all = disks();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].name, "boot-disk") << "it holds the memory";
    EXPECT_EQ(all[0].node, "n2");
    EXPECT_EQ(all[1].node, "n1");
    ASSERT_EQ(all[0].snapshots.size(), 2U);
    EXPECT_EQ(all[0].find("both")->vm_clock_ms, 3725042);
    EXPECT_EQ(all[0].find("1"), nullptr) << "an id is no tag";
    EXPECT_FALSE(writable_disks(Json::array()));
    EXPECT_FALSE(writable_disks(Json("nonsense")));
}

TEST(Snapshots, TableHasTheFormOfQemus) {
    ASSERT_EQ(::setenv("TZ", "UTC", 1), 0);
    EXPECT_EQ(snapshot_table(disks()[0].snapshots),
              "ID        TAG               VM SIZE                DATE     VM CLOCK     ICOUNT\n"
              "1         both              121 MiB 2026-11-21 12:31:46 01:02:05.042           \n"
              "2         one                   0 B 1970-01-01 00:00:00 00:00:00.000          0\n");
    EXPECT_EQ(snapshot_table({}), "");
}

TEST(Snapshots, AreLookedForOnAllDisks) {
    EXPECT_EQ(check_absent(disks(), "both").error().code(), Code::kAlreadyExists);
    EXPECT_EQ(check_absent(disks(), "one").error().code(), Code::kAlreadyExists);
    EXPECT_TRUE(check_absent(disks(), "none"));
    EXPECT_TRUE(check_present(disks(), "both"));
    const auto partial = check_present(disks(), "one");
    ASSERT_FALSE(partial);
    EXPECT_EQ(partial.error().code(), Code::kNotFound);
    EXPECT_EQ(partial.error().text(), "there is no snapshot \"one\" on the disk virtio0");
}

TEST(Snapshots, NeedDisksThatCanHoldThem) {
    auto all = disks();
    EXPECT_TRUE(check_can_snapshot(all));
    all[1].format = "raw";
    const auto refused = check_can_snapshot(all);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().text(),
              "the disk virtio0 cannot hold snapshots: its format is raw, not qcow2");
    EXPECT_NE(refused.error().hint().find("convert"), std::string::npos);
}

TEST(Snapshots, NamesAreChecked) {
    for (const char* tag : {"a", "before-upgrade", "v1.2+3", "2026-01-01", "a:b@c_d"}) {
        EXPECT_TRUE(check_new_tag(tag)) << tag;
    }
    for (const char* tag : {"", "1", "0042", "-a", ".a", "a b", "a\nb", "a/b", "a'b", "ä"}) {
        EXPECT_FALSE(check_new_tag(tag)) << tag;
    }
    EXPECT_FALSE(check_new_tag(std::string(129, 'a')));
    EXPECT_TRUE(check_known_tag("made by others")) << "it may be there";
    EXPECT_FALSE(check_known_tag("-d")) << "qemu-img would take it for an option";
    EXPECT_FALSE(check_known_tag(""));
}

TEST(Snapshots, RefusalsOfQemuAreExplained) {
    const auto explained = [](const char* text) {
        return explain_snapshot_error(Error(Code::kFailedPrecondition, text));
    };
    const Error nine = explained("Migration is disabled when VirtFS export path '/x' is mounted");
    EXPECT_NE(nine.text().find("9p mounts"), std::string::npos);
    EXPECT_NE(nine.hint().find("reverse-sshfs"), std::string::npos);
    const Error fs = explained("State blocked by non-migratable device '0000:00:0b/vhost-user-fs'");
    EXPECT_NE(fs.text().find("virtiofs mounts"), std::string::npos);
    EXPECT_NE(explained("State blocked by non-migratable device 'ivshmem'").hint().find("stop"),
              std::string::npos);
    EXPECT_EQ(explained("something else").hint(), "");
}

/// A VM whose monitor answers as the test says: one answer for each command, by its name.
class LiveSnapshots : public ::testing::Test {
protected:
    using Answer = std::function<std::string(const Json& arguments)>;  // "return": …, or "error": …

    LiveSnapshots() {
        raw_.abi = LIMA_DRIVER_ABI;
        raw_.name = "test";
        raw_.version = "v0";
        raw_.log = [](const lima_host*, lima_level, const char*, const char*) {};
        raw_.event = [](const lima_host*, const char*, const char*) {};
        raw_.get_extension = [](const lima_host*, const char*) -> const void* { return nullptr; };
        call_.struct_size = sizeof call_;
        call_.cancel_fd = -1;
        call_.cancelled = [](const lima_call*) -> int32_t { return 0; };
        call_.fail = [](const lima_call*, const char*) {};
        call_.progress = [](const lima_call*, uint64_t, uint64_t, const char*) {};
        call_.hint = [](const lima_call*, const char*) {};
    }
    void SetUp() override {
        vm_ = Vm::create(Config{}, sdk::Host(raw_)).value();
        answers_["qmp_capabilities"] = [](const Json&) { return R"("return": {})"; };
        answers_["query-block"] = [](const Json&) {
            std::string all = kBlocks;
            std::erase(all, '\n');
            return R"("return": )" + all;
        };
        answers_["query-jobs"] = [this](const Json&) {
            return fmt::format(R"("return": [{{"id": "{}", "status": "concluded"{}}}])", job_,
                               job_error_.empty() ? "" : R"(, "error": ")" + job_error_ + "\"");
        };
        answers_["job-dismiss"] = [](const Json&) { return R"("return": {})"; };
        int ends[2];
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        qemu_.reset(ends[1]);
        playing_ = std::thread([this] { play(); });
        ASSERT_TRUE(vm_->open_monitor(Fd(ends[0]), 60s));
    }
    void TearDown() override {
        vm_->close_monitor();
        playing_.join();
    }

    void play() {
        say(R"({"QMP": {}})");
        std::string line;
        char c = 0;
        while (::read(qemu_.get(), &c, 1) == 1) {
            if (c != '\n') {
                line += c;
                continue;
            }
            const Json command = parse_json(line).value_or(Json::object());
            line.clear();
            const std::string name = json_string(command, "execute");
            asked_.push_back(name);
            const Json arguments =
                command.contains("arguments") ? command["arguments"] : Json::object();
            const auto answer = answers_.find(name);
            const std::string text =
                answer != answers_.end()
                    ? answer->second(arguments)
                    : std::string(R"("error": {"class": "CommandNotFound", "desc": "no such"})");
            say(fmt::format(R"({{{}, "id": {}}})", text, json_int(command, "id")));
            if (json_string(arguments, "job-id") == job_ && !job_.empty() && concludes_) {
                say(fmt::format(
                    R"({{"event": "JOB_STATUS_CHANGE", "data": {{"id": "{}", "status": "concluded"}}}})",
                    job_));
            }
        }
    }
    void say(const std::string& line) { static_cast<void>(write_all(qemu_.get(), line + "\n")); }
    Answer job() {
        return [this](const Json& arguments) {
            job_ = json_string(arguments, "job-id");
            arguments_ = arguments;
            return std::string(R"("return": {})");
        };
    }
    sdk::Call call() const { return sdk::Call(call_); }
    std::size_t asked(const std::string& name) const {
        return static_cast<std::size_t>(std::count(asked_.begin(), asked_.end(), name));
    }

    lima_host raw_{};
    lima_call call_{};
    std::shared_ptr<Vm> vm_;
    Fd qemu_;
    std::thread playing_;
    std::map<std::string, Answer> answers_;
    std::vector<std::string> asked_;
    std::string job_;
    std::string job_error_;
    std::atomic<bool> concludes_{true};
    Json arguments_;
};

TEST_F(LiveSnapshots, AreTakenByAJobOnAllWritableDisks) {
    answers_["snapshot-save"] = job();
    const auto done = create_live(*vm_, call(), "new");
    ASSERT_TRUE(done) << done.error().text();
    EXPECT_EQ(json_string(arguments_, "tag"), "new");
    EXPECT_EQ(json_string(arguments_, "vmstate"), "n2");
    EXPECT_EQ(dump_json(arguments_["devices"]), R"(["n2","n1"])");
    EXPECT_GE(asked("job-dismiss"), 1U);
}

TEST_F(LiveSnapshots, AJobsErrorIsAnError) {
    answers_["snapshot-save"] = job();
    job_error_ = "State blocked by non-migratable device 'x/vhost-user-fs'";
    const auto failed = create_live(*vm_, call(), "new");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), Code::kFailedPrecondition);
    EXPECT_NE(failed.error().text().find("snapshot-save: State blocked"), std::string::npos)
        << failed.error().text();
    EXPECT_FALSE(failed.error().hint().empty());
}

TEST_F(LiveSnapshots, WithoutJobsTheTextOfTheOldCommandTells) {
    std::string said;
    std::string asked_line;
    answers_["human-monitor-command"] = [&](const Json& arguments) {
        asked_line = json_string(arguments, "command-line");
        return R"("return": ")" + said + "\"";
    };
    ASSERT_TRUE(create_live(*vm_, call(), "new"));
    EXPECT_EQ(asked_line, "savevm new");
    ASSERT_TRUE(apply_live(*vm_, call(), "both"));
    EXPECT_EQ(asked_line, "loadvm both");
    ASSERT_TRUE(delete_live(*vm_, call(), "one"));
    EXPECT_EQ(asked_line, "delvm one");
    said = "Error: it does not work\\r\\n";
    const auto failed = create_live(*vm_, call(), "new");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().text(), "savevm: Error: it does not work");
}

TEST_F(LiveSnapshots, AreLookedForBeforeQemuIsAsked) {
    EXPECT_EQ(create_live(*vm_, call(), "one").error().code(), Code::kAlreadyExists);
    EXPECT_EQ(apply_live(*vm_, call(), "one").error().code(), Code::kNotFound);
    EXPECT_EQ(delete_live(*vm_, call(), "none").error().code(), Code::kNotFound);
    EXPECT_EQ(list_live(*vm_)->size(), 2U);
    EXPECT_EQ(asked("human-monitor-command"), 0U);
}

TEST_F(LiveSnapshots, OneOnSomeDisksCanBeDeleted) {
    answers_["snapshot-delete"] = job();
    ASSERT_TRUE(delete_live(*vm_, call(), "one"));
    EXPECT_EQ(dump_json(arguments_["devices"]), R"(["n2"])");
    EXPECT_FALSE(arguments_.contains("vmstate"));
}

TEST_F(LiveSnapshots, AFailedReturnSaysThatTheVmIsPaused) {
    answers_["snapshot-load"] = job();
    job_error_ = "Error -22 while loading VM state";
    const auto failed = apply_live(*vm_, call(), "both");
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().hint().find("paused"), std::string::npos) << failed.error().hint();
}

TEST_F(LiveSnapshots, WaitingEndsWithTheCallOrTheVm) {
    concludes_ = false;
    answers_["snapshot-save"] = job();
    auto pipe = make_pipe();
    ASSERT_TRUE(pipe);
    ASSERT_TRUE(write_all(pipe->write.get(), "x"));
    call_.cancel_fd = pipe->read.get();
    EXPECT_EQ(create_live(*vm_, call(), "new").error().code(), Code::kCancelled);
    call_.cancel_fd = -1;
    vm_->ended(Vm::End{});
    EXPECT_EQ(create_live(*vm_, call(), "new").error().code(), Code::kUnavailable);
}

}  // namespace
}  // namespace lima::qemu
