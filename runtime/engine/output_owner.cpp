#include "runtime/engine/output_owner.h"

#include <charconv>
#include <optional>
#include <vector>

#include "runtime/report/diagnostic.h"

namespace braid {
namespace {

constexpr std::string_view kFirstLine = "braid output";

struct Owner {
  std::string file;
  uint64_t device = 0, inode = 0;
  StorePlace store;
};

std::string owner_path(const std::string& stored) {
  return join_path(parent_directory(stored), "." + stored.substr(stored.find_last_of('/') + 1) + ".owner");
}

/// Paths may hold any byte; a line holds one path.
std::string escaped(std::string_view path) {
  std::string text;
  for (char c : path) {
    if (c == '\\' || c == '\n') text += '\\';
    text += c == '\n' ? 'n' : c;
  }
  return text;
}

std::string unescaped(std::string_view text) {
  std::string path;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 1 < text.size();
    if (escape) ++i;
    path += escape && text[i] == 'n' ? '\n' : text[i];
  }
  return path;
}

std::string owner_text(const Owner& owner) {
  return fmt::format("{}\nfile {}:{} {}\nstore {}:{} {}\nid {}\n", kFirstLine, owner.device, owner.inode,
                     escaped(owner.file), owner.store.device, owner.store.inode, escaped(owner.store.path),
                     owner.store.id);
}

/// `name DEVICE:INODE PATH`
bool read_place(std::string_view line, std::string_view name, uint64_t& device, uint64_t& inode, std::string& path) {
  if (!line.starts_with(name)) return false;
  line.remove_prefix(name.size());
  const char* end = line.data() + line.size();
  const auto first = std::from_chars(line.data(), end, device);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ':') return false;
  const auto second = std::from_chars(first.ptr + 1, end, inode);
  if (second.ec != std::errc() || second.ptr == end || *second.ptr != ' ') return false;
  path = unescaped({second.ptr + 1, end});
  return true;
}

/// None where there is none, or none that can be read.
Result<std::optional<Owner>> read_owner(Fs& fs, const std::string& stored) {
  const std::string path = owner_path(stored);
  BRAID_ASSIGN(FileInfo info, fs.stat(path));
  constexpr uint64_t kLongest = 64 * 1024;
  if (!info.exists || info.directory || info.size > kLongest) return std::optional<Owner>();
  BRAID_ASSIGN(std::string text, fs.read_file(path));
  std::vector<std::string_view> lines;
  for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(lines.back().size() + 1)) {
    lines.push_back(rest.substr(0, rest.find('\n')));
    if (lines.back().size() == rest.size()) break;
  }
  Owner owner;
  if (lines.size() < 4 || lines[0] != kFirstLine ||
      !read_place(lines[1], "file ", owner.device, owner.inode, owner.file) ||
      !read_place(lines[2], "store ", owner.store.device, owner.store.inode, owner.store.path) ||
      !lines[3].starts_with("id "))
    return std::optional<Owner>();
  owner.store.id = lines[3].substr(3);
  return std::optional<Owner>(std::move(owner));
}

/// Whether that store is still where it says. One that does not say which it is counts as there.
Result<bool> is_there(Fs& fs, const StorePlace& store) {
  BRAID_ASSIGN(std::optional<StoreIdentity> identity, read_identity(fs, store.path));
  if (identity) return identity->id == store.id;
  BRAID_ASSIGN(FileInfo state, fs.stat(join_path(store.path, "state")));
  return state.exists;
}

bool is_about(const Owner& owner, const std::string& stored, const FileInfo& file) {
  return owner.file == stored || (owner.device == file.device && owner.inode == file.inode);
}

Error output_error(const Diagnostic& diagnostic) {
  return {ErrorKind::output, diagnostic.message, diagnostic.code, 0};
}

}  // namespace

Result<OutputPlace> place_output(Fs& fs, const StorePlace& store, const std::string& directory,
                                 const std::string& path) {
  BRAID_ASSIGN(std::string stored, fs.canonical(path));
  if (!stored.starts_with(store.path + "/")) return OutputPlace{path, std::move(stored)};
  stored = stored.substr(store.path.size() + 1);
  return OutputPlace{join_path(directory, stored), stored};
}

Status own_output(Fs& fs, const StorePlace& store, const std::string& stored, const FileInfo& file,
                  uint64_t committed) {
  BRAID_ASSIGN(std::optional<Owner> owner, read_owner(fs, stored));
  if (owner && is_about(*owner, stored, file)) {
    if (owner->store.id != store.id) {
      // An empty file was deleted and made anew by this job: the other store would miss its rows there anyway.
      if (file.size > 0) return output_error(diag::OutputOfAnother{.path = stored, .store = owner->store.path}.make());
    } else if (!owner->store.same_place(store)) {
      BRAID_ASSIGN(bool there, is_there(fs, owner->store));
      if (there) return output_error(diag::OutputOfAnother{.path = stored, .store = owner->store.path}.make());
    }
  } else if (file.size > 0 && committed == 0) {
    return output_error(diag::ForeignFile{.path = stored}.make());
  }
  const Owner now = {.file = stored, .device = file.device, .inode = file.inode, .store = store};
  if (owner && owner_text(*owner) == owner_text(now)) return {};
  return fs.write_file(owner_path(stored), owner_text(now));
}

Result<bool> owns_output(Fs& fs, const StorePlace& store, const std::string& stored) {
  BRAID_ASSIGN(FileInfo file, fs.stat(stored));
  BRAID_ASSIGN(std::optional<Owner> owner, read_owner(fs, stored));
  if (!owner || !file.exists || !is_about(*owner, stored, file) || owner->store.id != store.id) return false;
  if (owner->store.same_place(store)) return true;
  BRAID_ASSIGN(bool there, is_there(fs, owner->store));
  return !there;
}

Status remove_owned(Fs& fs, const std::string& stored) {
  BRAID_TRY(fs.remove(stored));
  return fs.remove(owner_path(stored));
}

}  // namespace braid
