#include "core/ssh/keys.hpp"

#include "core/base/fs.hpp"
#include "core/base/lock.hpp"
#include "core/base/log.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "core/text/yaml.hpp"

namespace lima::ssh {
namespace {

using Path = std::filesystem::path;

Path with_suffix(Path path, const char* suffix) {
    path += suffix;
    return path;
}

Result<Output> keygen(std::vector<std::string> arguments) {
    SpawnOptions spawn;
    spawn.argv = {"ssh-keygen"};
    spawn.argv.insert(spawn.argv.end(), arguments.begin(), arguments.end());
    auto output = run(std::move(spawn), {}, std::chrono::seconds(60));
    if (!output) {
        return fail(std::move(output.error()).with_hint("install the OpenSSH client"));
    }
    if (!output->status.ok()) {
        return failf(Code::kInternal, "ssh-keygen ended with {}: {}", output->status.text(),
                     trim(output->err));
    }
    return output;
}

/// The public half first: whoever sees the private one finds both.
Result<void> generate(const Path& key) {
    const Path draft = with_suffix(key, ".tmp");
    const Path draft_public = with_suffix(draft, ".pub");
    LIMA_DO(fs::remove_if_exists(draft));
    LIMA_DO(fs::remove_if_exists(draft_public));
    LIMA_DO(keygen({"-t", "ed25519", "-q", "-N", "", "-C", "lima", "-f", draft.native()}));
    LIMA_DO(fs::rename(draft_public, with_suffix(key, ".pub")));
    LIMA_DO(fs::rename(draft, key));
    return {};
}

/// Someone removed the public half; the private one still knows it.
Result<void> restore_public(const Path& key) {
    LIMA_TRY(Output output, keygen({"-y", "-f", key.native()}));
    return fs::write_file_atomic(with_suffix(key, ".pub"), output.out, 0644);
}

/// "algo base64 comment" whose blob starts with the same algorithm name.
bool is_public_key(std::string_view line) {
    const auto space = line.find(' ');
    if (space == std::string_view::npos) {
        return false;
    }
    const std::string_view algorithm = line.substr(0, space);
    std::string_view rest = trim(line.substr(space));
    auto blob = text::decode_base64(rest.substr(0, rest.find_first_of(" \t")));
    if (!blob || blob->size() < 4) {
        return false;
    }
    std::size_t size = 0;
    for (int i = 0; i < 4; ++i) {
        size = size << 8 | static_cast<unsigned char>((*blob)[static_cast<std::size_t>(i)]);
    }
    return size <= blob->size() - 4 && std::string_view(*blob).substr(4, size) == algorithm;
}

Result<void> add_dot_ssh(const Path& directory, std::vector<std::string>& keys) {
    auto names = fs::list_names(directory);
    if (!names) {
        return names.error().code() == Code::kNotFound ? Result<void>()
                                                       : fail(std::move(names.error()));
    }
    for (const std::string& name : *names) {
        if (!name.ends_with(".pub")) {
            continue;
        }
        const Path path = directory / name;
        LIMA_TRY(auto text, fs::read_file_if_exists(path));
        if (!text) {
            continue;  // vanished since it was listed
        }
        const std::string line(trim(*text));
        if (line.find_first_of("\r\n") != std::string::npos || !is_public_key(line)) {
            log::warn("{} is not a public key of one line; not used", path.native());
            continue;
        }
        keys.push_back(line);
    }
    return {};
}

}  // namespace

Result<void> ensure_identity(const std::filesystem::path& config_dir) {
    const Path key = config_dir / "user";
    const Path key_public = with_suffix(key, ".pub");
    if (fs::exists(key) && fs::exists(key_public)) {
        return {};
    }
    LIMA_DO(fs::make_dirs(config_dir, 0700));
    LIMA_TRY(FileLock lock, FileLock::acquire(config_dir));
    if (!fs::exists(key)) {
        return generate(key);
    }
    return fs::exists(key_public) ? Result<void>() : restore_public(key);
}

Result<std::vector<std::string>> public_keys(const std::filesystem::path& config_dir,
                                             bool load_dot_ssh, const std::filesystem::path& home) {
    const Path own = config_dir / "user.pub";
    LIMA_TRY(std::string text, fs::read_file(own), "cannot read the public key");
    std::vector<std::string> keys = {std::string(trim(text))};
    if (!is_public_key(keys.front())) {
        return fail(
            Error(Code::kFailedPrecondition, own.native() + " is not a public key of one line")
                .with_hint("remove it; the next start derives it from the private key"));
    }
    if (load_dot_ssh) {
        LIMA_DO(add_dot_ssh(home / ".ssh", keys));
    }
    return keys;
}

}  // namespace lima::ssh
