// Level 4: the extensions, as far as they can be tried without a VM.
#include "check/object.hpp"
#include "check/tests/tests.hpp"

#include <algorithm>

namespace lima::check {
namespace {

void extension_unknown(Bench& bench) {
    const Object object(bench);
    for (const char* id : {"org.example.no-such/1", "", "/", "lima", "lima.no-such/1"}) {
        bench.expect(object.extension(id) == nullptr,
                     "there is an answer for the unknown extension \"" + std::string(id) + "\"");
    }
}

void extension_exact(Bench& bench) {
    const Object object(bench);
    for (const std::string id : kExtensionIds) {
        for (const std::string& other :
             {id + "0", id + " ", id + "/1", " " + id, id.substr(0, id.size() - 1),
              id.substr(0, id.find('/')), id.substr(0, id.size() - 1) + "999"}) {
            bench.expect(object.extension(other.c_str()) == nullptr,
                         "\"" + other + "\" is answered, which is not " + id);
        }
    }
}

void extension_same(Bench& bench) {
    const Object object(bench);
    std::vector<const void*> before;
    for (const char* id : kExtensionIds) {
        before.push_back(object.extension(id));
        bench.expect(before.back() == object.extension(id),
                     std::string(id) + " is another table at the second call");
    }
    object.configured();
    for (std::size_t i = 0; i < before.size(); ++i) {
        bench.expect(before[i] == object.extension(kExtensionIds[i]),
                     std::string(kExtensionIds[i]) + " is another table after configure");
    }
}

void adopt_nothing(Bench& bench) {
    const Object object(bench);
    const auto* adopt = object.offers<lima_ext_adopt>(LIMA_EXT_ADOPT);
    if (adopt == nullptr) {
        bench.skip("the driver does not offer " LIMA_EXT_ADOPT);
    }
    object.configured();
    const Outcome outcome = object.call(LIMA_EXT_ADOPT, [&](const lima_call* c, const lima_sink*) {
        return adopt->adopt(object.raw(), c);
    });
    bench.expect(outcome.status == LIMA_NOT_FOUND,
                 "adopt gives " + outcome.says() + ", and not LIMA_NOT_FOUND, where no VM runs");
    expect_explained(bench, "adopt", outcome);
    bench.expect(object.host().count("started") == 0, "there is an event started, and no VM runs");
}

/// The calls of one object's extensions: each may fail, with a text.
class Extensions {
public:
    Extensions(Bench& bench, const Object& object)
        : bench_(bench), object_(object), driver_(object.raw()) {}

    void try_all() {
        try_lists();
        try_status();
        try_guest();
        try_display();
        try_snapshots();
    }

private:
    Outcome explained(const std::string& what, const Body& body) {
        Outcome outcome = object_.call(what, body);
        expect_explained(bench_, what, outcome);
        return outcome;
    }
    template <class Table, class Function>
    Outcome list(const Table* table, Function Table::* function, const std::string& what) {
        if (table == nullptr) {
            return {};
        }
        return explained(what, [=, this](const lima_call* call, const lima_sink* out) {
            return (table->*function)(driver_, call, out);
        });
    }

    void try_lists() {
        const Outcome scripts = list(object_.offers<lima_ext_boot_scripts>(LIMA_EXT_BOOT_SCRIPTS),
                                     &lima_ext_boot_scripts::list, LIMA_EXT_BOOT_SCRIPTS);
        for (const auto& [key, script] : scripts.out) {
            bench_.expect(std::count(key.begin(), key.end(), '/') <= 1 && !key.empty(),
                          "a boot script is called \"" + key + "\", not boot.OS/NAME");
        }
        list(object_.offers<lima_ext_ssh>(LIMA_EXT_SSH), &lima_ext_ssh::address, LIMA_EXT_SSH);
    }

    void try_status() {
        const Outcome outcome = list(object_.offers<lima_ext_status>(LIMA_EXT_STATUS),
                                     &lima_ext_status::get, LIMA_EXT_STATUS);
        const std::string status = outcome.value("status");
        const std::string known = " Running Stopped Broken Uninitialized Installing ";
        bench_.expect(status.empty() || known.find(" " + status + " ") != std::string::npos,
                      "the status \"" + status + "\" does not exist");
    }

    /// What a driver hands over is the host's to close.
    template <class Connect>
    Outcome connected(const std::string& what, Connect connect) {
        return explained(what, [=](const lima_call* call, const lima_sink*) {
            lima_handle handle = -1;
            const lima_status status = connect(call, &handle);
            if (status == LIMA_OK) {
                close_handle(handle);
            }
            return status;
        });
    }

    void try_guest() {
        if (const auto* table = object_.offers<lima_ext_guest_agent>(LIMA_EXT_GUEST_AGENT)) {
            table->forward_over_ssh(driver_);
            connected("the guest agent of no VM", [=, this](const lima_call* c, lima_handle* out) {
                return table->connect(driver_, c, out);
            });
        }
        if (const auto* table = object_.offers<lima_ext_guest_channel>(LIMA_EXT_GUEST_CHANNEL)) {
            const Outcome outcome = connected(
                "an unknown guest channel", [=, this](const lima_call* c, lima_handle* out) {
                    return table->connect(driver_, c, "no-such-channel", out);
                });
            bench_.expect(!outcome.ok(), "a guest channel that does not exist is there");
        }
    }

    void try_display() {
        const auto* display = object_.offers<lima_ext_display>(LIMA_EXT_DISPLAY);
        list(display, &lima_ext_display::connection, LIMA_EXT_DISPLAY);
        if (display != nullptr) {
            explained("the display's password", [=, this](const lima_call* c, const lima_sink*) {
                return display->change_password(driver_, c, "password");
            });
        }
        if (const auto* table = object_.offers<lima_ext_screenshot>(LIMA_EXT_SCREENSHOT)) {
            explained(LIMA_EXT_SCREENSHOT, [=, this](const lima_call* c, const lima_sink* out) {
                return table->capture(driver_, c, "png", out);
            });
            const Outcome wrong =
                explained("a format of pictures that does not exist",
                          [=, this](const lima_call* c, const lima_sink* out) {
                              return table->capture(driver_, c, "no-such-format", out);
                          });
            bench_.expect(!wrong.ok(), "a picture of a format that does not exist is there");
        }
    }

    void try_snapshots() {
        const auto* table = object_.offers<lima_ext_snapshot>(LIMA_EXT_SNAPSHOT);
        list(table, &lima_ext_snapshot::list, "list of snapshots");
        if (table == nullptr) {
            return;
        }
        for (const auto function : {table->apply, table->remove}) {
            const Outcome outcome = explained("a snapshot that does not exist",
                                              [=, this](const lima_call* c, const lima_sink*) {
                                                  return function(driver_, c, "no-such-snapshot");
                                              });
            bench_.expect(!outcome.ok(), "a snapshot that does not exist is there");
        }
    }

    Bench& bench_;
    const Object& object_;
    lima_driver* driver_;
};

/// Every function of every extension that is offered, except the window.
void extensions_answer(Bench& bench) {
    const Object object(bench);
    object.configured();
    Extensions(bench, object).try_all();
}

}  // namespace

const std::vector<Test> kExtensionTests = {
    {"extension.unknown", 4, kAnyWay, "an unknown extension is NULL", extension_unknown},
    {"extension.exact", 4, kAnyWay, "an id with more or less to it is unknown", extension_exact},
    {"extension.same", 4, kAnyWay, "an extension is the same table each time", extension_same},
    {"extension.answers", 4, kAnyWay, "what is offered answers, or says why not",
     extensions_answer},
    {"adopt.nothing", 4, kAnyWay, "adopt where no VM runs is LIMA_NOT_FOUND", adopt_nothing},
};

}  // namespace lima::check
