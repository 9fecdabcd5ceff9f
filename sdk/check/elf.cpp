#include "check/elf.hpp"

#include <cstring>
#include <elf.h>
#include <fstream>
#include <iterator>

namespace lima::check {
namespace {

struct Elf32 {
    using Header = Elf32_Ehdr;
    using Section = Elf32_Shdr;
    using Symbol = Elf32_Sym;
    using Dynamic = Elf32_Dyn;
};
struct Elf64 {
    using Header = Elf64_Ehdr;
    using Section = Elf64_Shdr;
    using Symbol = Elf64_Sym;
    using Dynamic = Elf64_Dyn;
};

/// The struct at the offset; false when the file ends before.
template <class T>
bool read_at(const std::string& bytes, std::size_t offset, T& out) {
    if (offset > bytes.size() || bytes.size() - offset < sizeof out) {
        return false;
    }
    std::memcpy(&out, bytes.data() + offset, sizeof out);
    return true;
}

std::string text_at(const std::string& bytes, std::size_t offset) {
    return offset < bytes.size() ? std::string(bytes.c_str() + offset) : std::string();
}

/// Weak and unique symbols are seen by others just as global ones are.
template <class Symbol>
bool is_exported(const Symbol& symbol) {
    const unsigned binding = symbol.st_info >> 4;
    const unsigned visibility = symbol.st_other & 3U;
    return symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS && binding != STB_LOCAL &&
           (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

template <class Elf>
void read_symbols(const std::string& bytes, const typename Elf::Section& section, std::size_t names,
                  ModuleFile& out) {
    typename Elf::Symbol symbol{};
    for (std::size_t at = 0; at + sizeof symbol <= section.sh_size; at += sizeof symbol) {
        if (read_at(bytes, section.sh_offset + at, symbol) && is_exported(symbol)) {
            out.exported.push_back(text_at(bytes, names + symbol.st_name));
        }
    }
}

template <class Elf>
void read_dynamic(const std::string& bytes, const typename Elf::Section& section, std::size_t names,
                  ModuleFile& out) {
    typename Elf::Dynamic entry{};
    for (std::size_t at = 0; at + sizeof entry <= section.sh_size; at += sizeof entry) {
        if (!read_at(bytes, section.sh_offset + at, entry)) {
            return;
        }
        if (entry.d_tag == DT_NEEDED) {
            out.needed.push_back(text_at(bytes, names + entry.d_un.d_val));
        }
        if (entry.d_tag == DT_FLAGS_1 && (entry.d_un.d_val & DF_1_NODELETE) != 0) {
            out.never_unloaded = true;
        }
    }
}

template <class Elf>
void read_sections(const std::string& bytes, ModuleFile& out) {
    typename Elf::Header header{};
    if (!read_at(bytes, 0, header)) {
        out.error = "the file ends within its header";
        return;
    }
    const auto section_at = [&](std::size_t index, typename Elf::Section& section) {
        return index < header.e_shnum &&
               read_at(bytes, header.e_shoff + index * sizeof section, section);
    };
    bool dynamic = false;
    for (std::size_t i = 0; i < header.e_shnum; ++i) {
        typename Elf::Section section{};
        typename Elf::Section names{};
        if (!section_at(i, section) ||
            (section.sh_type != SHT_DYNSYM && section.sh_type != SHT_DYNAMIC) ||
            !section_at(section.sh_link, names)) {
            continue;
        }
        dynamic = true;
        if (section.sh_type == SHT_DYNSYM) {
            read_symbols<Elf>(bytes, section, names.sh_offset, out);
        } else {
            read_dynamic<Elf>(bytes, section, names.sh_offset, out);
        }
    }
    if (!dynamic) {
        out.error = "the file has no table of dynamic symbols: it is no shared library";
    }
}

}  // namespace

ModuleFile read_module_file(const Path& path) {
    std::ifstream file(path, std::ios::binary);
    ModuleFile out;
    if (!file) {
        out.error = "cannot be read";
        return out;
    }
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    if (bytes.size() < EI_NIDENT || bytes.compare(0, SELFMAG, ELFMAG) != 0) {
        out.error = "not an ELF file";
        return out;
    }
    if (bytes[EI_CLASS] == ELFCLASS64) {
        read_sections<Elf64>(bytes, out);
    } else {
        read_sections<Elf32>(bytes, out);
    }
    return out;
}

}  // namespace lima::check
