#include "plugins/qemu/argv.hpp"

#include "core/base/digest.hpp"
#include "core/base/text.hpp"
#include "plugins/qemu/argv_builder.hpp"

#include <algorithm>

namespace lima::qemu {

namespace {

constexpr std::string_view kSharedMemory = "virtiofs-shm";

bool has_field(std::string_view model, std::string_view name) {
    const std::vector<std::string> fields = split(model, ',');
    return std::any_of(fields.begin(), fields.end(), [&](const std::string& field) {
        return std::string_view(field).substr(0, field.find('=')) == name;
    });
}

std::string default_cpu_model(const Config& config, const Host& host) {
    const bool native = config.arch == host.arch;
    std::string model = "max";
    if (config.arch == "x86_64" && host.os == "windows" && host.arch == "x86_64") {
        model = "qemu64";
    }
    // It has a "max" since 8.2; before, this is the one with all that is not a draft.
    if (config.arch == "riscv64" && host.version && *host.version < Version{8, 2, 0}) {
        model = "rv64";
    }
    if (native && host.accel != "tcg" && host.cpu_passthrough) {
        model = "host";
    }
    if (host.os == "darwin" && config.arch == "x86_64") {
        model += ",-avx512vl,-pdpe1gb";
    }
    return model;
}

/// virtiofsd reads and writes the guest's memory.
bool shares_memory(const Config& config) {
    return config.mount_type == "virtiofs" && !config.mounts.empty();
}

void add_memory(ArgvBuilder& out) {
    out.add_unless_given("-m", std::to_string(out.config.memory >> 20));
    if (!shares_memory(out.config)) {
        return;
    }
    // Not a file in /dev/shm, which containers have but a little of.
    out.add_unless_given("-object", fmt::format("memory-backend-memfd,id={},size={},share=on",
                                                kSharedMemory, out.config.memory));
    if (out.arch.numa) {
        out.add_unless_given("-numa", fmt::format("node,memdev={}", kSharedMemory));
    }
}

/// ACPI came to this machine with QEMU 8.0, and is on since; guests know it by its device tree.
std::string machine_acpi(const ArgvBuilder& out) {
    return out.config.arch == "riscv64" && out.at_least(8, 0) ? ",acpi=off" : "";
}

/// Machines without NUMA are told of the memory in another way.
std::string machine_memory(const ArgvBuilder& out) {
    return shares_memory(out.config) && !out.arch.numa
               ? fmt::format(",memory-backend={}", kSharedMemory)
               : std::string();
}

std::string path_in_instance(const Config& config, std::string_view name) {
    return (config.dir / name).string();
}

}  // namespace

void ArgvBuilder::add_unless_given(std::string_view option, std::string value) {
    const auto& given = host.extra_args;
    const auto found = std::find_if(given.begin(), given.end(), [&](std::string_view word) {
        return word == option || (word.starts_with("--") && word.substr(1) == option);
    });
    if (found == given.end()) {
        add(option, std::move(value));
        return;
    }
    const auto next = std::next(found);
    const bool has_value = next != given.end() && !next->starts_with('-');
    warn(fmt::format("not adding the QEMU argument `{} {}`: {} has `{}{}`", option, value, arch.env,
                     *found, has_value ? " " + *next : ""));
}

std::string escape_commas(std::string text) { return replace_all(std::move(text), ",", ",,"); }

std::string mac_address(const std::string& machine_id, const std::string& text) {
    const std::string hash = sha256_hex(machine_id + text);
    return fmt::format("52:55:55:{}:{}:{}", hash.substr(0, 2), hash.substr(2, 2),
                       hash.substr(4, 2));
}

std::string mount_tag(const Mount& mount) {
    return "lima-" + sha256_hex(mount.location + ":" + mount.mount_point).substr(0, 16);
}

std::vector<std::string> runtime_files(const Config& config) {
    std::vector<std::string> names = {"qmp.sock",    "ga.sock",      "fwd.sock",
                                      "serial.sock", "serial.log",   "serialp.sock",
                                      "serialp.log", "serialv.sock", "serialv.log"};
    if (config.mount_type == "virtiofs") {
        for (std::size_t i = 0; i < config.mounts.size(); ++i) {
            names.push_back(fmt::format("virtiofsd-{}.sock", i));
        }
    }
    return names;
}

Result<std::string> cpu_model(const Config& config, const Host& host) {
    const auto wanted = config.cpu_type.find(config.arch);
    std::string model =
        wanted == config.cpu_type.end() ? default_cpu_model(config, host) : wanted->second;
    const std::string_view name = std::string_view(model).substr(0, model.find(','));
    if (model != "max" && !host.cpu_help.empty() && host.cpu_help.find(name) == std::string::npos) {
        return fail(Error(Code::kInvalidArgument,
                          fmt::format("{} does not know the cpu model \"{}\"", host.exe, name))
                        .with_hint(fmt::format("set vmOpts.qemu.cpuType.{} to one that `{} -cpu "
                                               "help` lists",
                                               config.arch, host.exe)));
    }
    // The default algorithm of pointer authentication takes half of the time of an emulated ARM
    // CPU.
    const bool cheap_pauth = host.version && *host.version >= Version{6, 0, 0};
    if (config.arch == "aarch64" && host.accel == "tcg" && name == "max" && cheap_pauth &&
        !has_field(model, "pauth") && !has_field(model, "pauth-impdef")) {
        model += ",pauth-impdef=on";
    }
    // A guest that believes string moves of bytes to be fast copies with them, and they are
    // emulated byte by byte: without the two flags its kernel copies three to eight times as fast.
    if (config.arch == "x86_64" && host.accel == "tcg" && name == "max") {
        if (!has_field(model, "erms") && !has_field(model, "-erms")) {
            model += ",-erms";
        }
        const bool emulates_fsrm = host.version && *host.version >= Version{8, 1, 0};
        if (emulates_fsrm && !has_field(model, "fsrm") && !has_field(model, "-fsrm")) {
            model += ",-fsrm";
        }
    }
    return model;
}

Result<void> check_accel(const Host& host) {
    if (host.accel_help.empty() || host.accel_help.find(host.accel) != std::string::npos) {
        return {};
    }
    return failf(
        Code::kFailedPrecondition, "the accelerator {} is not supported by {} (it has: {})",
        host.accel, host.exe,
        join(split(trim(host.accel_help.substr(host.accel_help.find('\n') + 1)), '\n'), ", "));
}

Result<void> add_machine(ArgvBuilder& out) {
    const Config& config = out.config;
    add_memory(out);
    LIMA_TRY(std::string model, cpu_model(config, out.host));
    if (out.host.os == "darwin" && config.arch == "x86_64" && out.host.arch == "x86_64" &&
        (model.starts_with("host") || model.starts_with("max")) && !has_field(model, "-pdpe1gb")) {
        out.warn(
            fmt::format("on an Intel Mac the cpu model \"{}\" should have \",-pdpe1gb\"", model));
    }
    out.add_unless_given("-cpu", std::move(model));

    const std::string& accel = out.host.accel;
    // Without a display SeaBIOS speaks on the serial port, where serial_watch hears that nothing
    // boots.
    const bool headless = config.video_display.empty() || config.video_display == "none";
    const std::string serial_firmware = config.arch == "x86_64" && headless ? ",graphics=off" : "";
    if (config.arch == "x86_64" && accel == "tcg") {
        out.add_unless_given("-machine", "q35,vmport=off" + serial_firmware);
        out.add_unless_given("-accel", "tcg,thread=multi,tb-size=512");
        out.add("-global", "ICH9-LPC.disable_s3=1");
        out.add("-global", "ICH9-LPC.disable_s4=1");
    } else {
        out.add_unless_given(
            "-machine", fmt::format("{}{},accel={}{}{}", out.arch.machine, machine_acpi(out), accel,
                                    serial_firmware, machine_memory(out)));
    }
    out.add_unless_given("-smp", fmt::format("{0},sockets=1,cores={0},threads=1", config.cpus));
    if (!out.host.firmware.empty()) {
        out.add("-drive", fmt::format("if=pflash,format=raw,readonly=on,file={}",
                                      escape_commas(out.host.firmware)));
    }
    return {};
}

Result<CommandLine> build_argv(const Config& config, const Host& host) {
    const Arch* arch = find_arch(config.arch);
    if (arch == nullptr) {
        return failf(Code::kInvalidArgument, "unknown architecture \"{}\"", config.arch);
    }
    LIMA_DO(check_accel(host));
    ArgvBuilder out(config, host, *arch);
    LIMA_DO(add_machine(out));
    add_disks(out);
    add_direct_boot(out);
    LIMA_DO(add_tpm(out));
    LIMA_DO(add_networks(out));
    out.add("-device", "virtio-rng-pci");
    if (out.at_least(5, 1)) {
        out.add("-device", fmt::format("{},free-page-reporting=on", arch->balloon));
    }
    LIMA_DO(add_audio(out));
    add_display(out);
    out.add("-parallel", "none");
    add_serial(out);
    add_mounts(out);
    out.add("-chardev", fmt::format("socket,id=char-qmp,path={},server=on,wait=off",
                                    escape_commas(path_in_instance(config, "qmp.sock"))));
    out.add("-qmp", "chardev:char-qmp");
    out.add("-name", "lima-" + config.name);
    return std::move(out.line);
}

}  // namespace lima::qemu
