#include "runtime/engine/store_identity.h"

#include <charconv>

#include "runtime/data/key_bytes.h"
#include "runtime/report/diagnostic.h"
#include "runtime/state/wire.h"

namespace braid {
namespace {

constexpr uint16_t kStoreFormat = 3;
constexpr std::string_view kHeaderKey = "format";
constexpr std::string_view kFirstLine = "braid store\n";

Error store_error(const Diagnostic& diagnostic) {
  return {ErrorKind::store, diagnostic.message, diagnostic.code, 0};
}

Error corrupt(const std::string& directory, const std::string& reason) {
  return store_error(diag::StoreCorrupt{.path = directory, .reason = reason}.make());
}

std::string identity_path(const std::string& directory) {
  return join_path(directory, "identity");
}

std::string identity_text(const StoreIdentity& identity) {
  std::string text = fmt::format("{}id {}\ncommits {}\n", kFirstLine, identity.id, identity.commits);
  return text + fmt::format("check {:016x}\n", key_hash(text));
}

}  // namespace

Result<std::optional<StoreIdentity>> read_identity(Fs& fs, const std::string& directory) {
  const std::string path = identity_path(directory);
  BRAID_ASSIGN(FileInfo info, fs.stat(path));
  constexpr uint64_t kLongest = 1000;
  if (!info.exists || info.directory || info.size > kLongest) return std::optional<StoreIdentity>();
  BRAID_ASSIGN(std::string text, fs.read_file(path));
  StoreIdentity identity;
  const size_t id = kFirstLine.size() + 3;
  const size_t line_end = text.find('\n', std::min(id, text.size()));
  if (line_end == std::string::npos) return std::optional<StoreIdentity>();
  identity.id = text.substr(id, line_end - id);
  const char* number = text.data() + std::min(line_end + 9, text.size());
  std::from_chars(number, text.data() + text.size(), identity.commits);
  if (identity_text(identity) != text) return std::optional<StoreIdentity>();
  return std::optional<StoreIdentity>(std::move(identity));
}

Status write_identity(Fs& fs, const std::string& directory, const StoreIdentity& identity) {
  return fs.write_file(identity_path(directory), identity_text(identity));
}

Status remove_identity(Fs& fs, const std::string& directory) {
  return fs.remove(identity_path(directory));
}

Result<std::optional<StoreHeader>> read_header(StateStore& store, const std::string& directory,
                                               const std::optional<StoreIdentity>& identity) {
  std::string value;
  BRAID_ASSIGN(bool found, store.get(StateFamily::meta, kHeaderKey, &value));
  if (!found) {
    BRAID_TRY(store.scan(StateFamily::meta, "", [&](std::string_view, std::string_view) -> Status {
      return corrupt(directory, "its header is missing");
    }));
    if (identity && identity->commits > 0) return corrupt(directory, "its state is gone");
    return std::optional<StoreHeader>();
  }
  WireReader in(value);
  auto format = in.fixed<uint16_t>();
  if (in.failed() || format != kStoreFormat)
    return store_error(diag::StoreVersion{.path = directory, .found = format, .known = kStoreFormat}.make());
  StoreHeader header;
  header.id = in.text();
  header.project = in.text();
  header.started_at = in.fixed<int64_t>();
  if (in.failed()) return corrupt(directory, "its header cannot be read");
  if (store.commits() == 0) return corrupt(directory, "its commits are not counted");
  if (identity && identity->id != header.id) return corrupt(directory, "its state is that of another store");
  return std::optional<StoreHeader>(std::move(header));
}

void put_header(StateBatch& batch, const StoreHeader& header) {
  WireWriter out;
  out.fixed(kStoreFormat);
  out.text(header.id);
  out.text(header.project);
  out.fixed(header.started_at);
  batch.put(StateFamily::meta, std::string(kHeaderKey), out.take());
}

Result<StorePlace> place_of_store(Fs& fs, const std::string& directory, const std::string& id) {
  StorePlace place;
  place.id = id;
  BRAID_ASSIGN(place.path, fs.canonical(directory));
  BRAID_ASSIGN(FileInfo info, fs.stat(place.path));
  place.device = info.device;
  place.inode = info.inode;
  return place;
}

}  // namespace braid
