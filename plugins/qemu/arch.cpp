#include "plugins/qemu/arch.hpp"

namespace lima::qemu {

namespace {

constexpr std::string_view kFirmwareX86[] = {
    "/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/OVMF/OVMF_CODE.fd",
    "/usr/share/OVMF/OVMF_CODE_4M.fd",     "/usr/share/edk2/ovmf/OVMF_CODE.fd",
    "/usr/share/qemu/ovmf-x86_64.bin",     "/usr/share/qemu/ovmf-x86_64-4m.bin",
};
constexpr std::string_view kFirmwareArm64[] = {
    "/usr/share/edk2/aarch64/QEMU_CODE.fd",
    "/usr/share/AAVMF/AAVMF_CODE.fd",
    "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd",
};
constexpr std::string_view kFirmwareArm[] = {
    "/usr/share/edk2/arm/QEMU_CODE.fd",
    "/usr/share/AAVMF/AAVMF32_CODE.fd",
};
constexpr std::string_view kFirmwareRiscv[] = {
    "/usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd",
    "/usr/share/edk2/riscv/RISCV_VIRT_CODE.fd",
};

constexpr Arch kArches[] = {
    {.name = "x86_64",
     .qemu = "x86_64",
     .env = "QEMU_SYSTEM_X86_64",
     .machine = "q35",
     .cpu_probe = "q35",
     .edk2 = "x86_64",
     .firmware = kFirmwareX86,
     .legacy_bios = true,
     .block = "virtio-blk-pci",
     .net = "virtio-net-pci",
     .balloon = "virtio-balloon-pci",
     .vhost_fs = "vhost-user-fs-pci",
     .usb = true,
     .numa = true,
     .gpu = "virtio-vga",
     .pci_serial = false,
     .tpm = "tpm-crb",
     .power_button = true,
     .debian = "qemu-system-x86",
     .debian_firmware = "ovmf"},
    {.name = "aarch64",
     .qemu = "aarch64",
     .env = "QEMU_SYSTEM_AARCH64",
     .machine = "virt",
     .cpu_probe = "virt",
     .edk2 = "aarch64",
     .firmware = kFirmwareArm64,
     .legacy_bios = false,
     .block = "virtio-blk-pci",
     .net = "virtio-net-pci",
     .balloon = "virtio-balloon-pci",
     .vhost_fs = "vhost-user-fs-pci",
     .usb = true,
     .numa = true,
     .gpu = "virtio-gpu",
     .pci_serial = true,
     .tpm = "tpm-tis-device",
     .power_button = true,
     .debian = "qemu-system-arm",
     .debian_firmware = "qemu-efi-aarch64"},
    {.name = "armv7l",
     .qemu = "arm",
     .env = "QEMU_SYSTEM_ARM",
     .machine = "virt",
     .cpu_probe = "virt",
     .edk2 = "arm",
     .firmware = kFirmwareArm,
     .legacy_bios = true,
     .block = "virtio-blk-pci",
     .net = "virtio-net-pci",
     .balloon = "virtio-balloon-pci",
     .vhost_fs = "vhost-user-fs-pci",
     .usb = true,
     .numa = true,
     .gpu = "virtio-gpu",
     .pci_serial = true,
     .tpm = "tpm-tis-device",
     .power_button = true,
     .debian = "qemu-system-arm",
     .debian_firmware = "qemu-efi-arm"},
    {.name = "riscv64",
     .qemu = "riscv64",
     .env = "QEMU_SYSTEM_RISCV64",
     .machine = "virt",
     .cpu_probe = "virt",
     .edk2 = "riscv",
     .firmware = kFirmwareRiscv,
     .legacy_bios = false,
     .block = "virtio-blk-pci",
     .net = "virtio-net-pci",
     .balloon = "virtio-balloon-pci",
     .vhost_fs = "vhost-user-fs-pci",
     .usb = true,
     .numa = true,
     .gpu = "virtio-vga",
     .pci_serial = false,
     .tpm = "tpm-tis-device",
     .power_button = false,
     .debian = "qemu-system-misc",
     .debian_firmware = "qemu-efi-riscv64"},
    {.name = "ppc64le",
     .qemu = "ppc64",
     .env = "QEMU_SYSTEM_PPC64",
     .machine = "pseries",
     .cpu_probe = "pseries",
     .edk2 = "",
     .firmware = {},
     .legacy_bios = false,
     .block = "virtio-blk-pci",
     .net = "virtio-net-pci",
     .balloon = "virtio-balloon-pci",
     .vhost_fs = "vhost-user-fs-pci",
     .usb = true,
     .numa = true,
     .gpu = "virtio-gpu",
     .pci_serial = false,
     .tpm = "",
     .power_button = true,
     .debian = "qemu-system-ppc",
     .debian_firmware = ""},
    {.name = "s390x",
     .qemu = "s390x",
     .env = "QEMU_SYSTEM_S390X",
     .machine = "s390-ccw-virtio",
     .cpu_probe = "s390-ccw-virtio",
     .edk2 = "",
     .firmware = {},
     .legacy_bios = false,
     .block = "virtio-blk-ccw",
     .net = "virtio-net-ccw",
     .balloon = "virtio-balloon-ccw",
     .vhost_fs = "vhost-user-fs-ccw",
     .usb = false,
     .numa = false,
     .gpu = "virtio-gpu",
     .pci_serial = false,
     .tpm = "",
     .power_button = true,
     .debian = "qemu-system-misc",
     .debian_firmware = ""},
};

}  // namespace

const Arch* find_arch(std::string_view name) {
    for (const Arch& arch : kArches) {
        if (arch.name == name) {
            return &arch;
        }
    }
    return nullptr;
}

std::span<const Arch> all_arches() { return kArches; }

}  // namespace lima::qemu
