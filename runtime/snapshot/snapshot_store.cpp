#include "runtime/snapshot/snapshot_store.h"

namespace braid {

Status SnapshotStore::put_text(const std::string& name, std::string_view content) {
  std::string_view rest = content;
  return put(name, content.size(), [&]() -> Result<std::string_view> {
    const std::string_view piece = rest.substr(0, kPieceBytes);
    rest.remove_prefix(piece.size());
    return piece;
  });
}

Result<std::string> SnapshotStore::get_text(const std::string& name, uint64_t longest) {
  std::string content;
  BRAID_TRY(get(name, [&](std::string_view piece) -> Status {
    if (piece.size() > longest - content.size())
      return Error{ErrorKind::store, fmt::format("`{}` is longer than {} bytes", name, longest), 0, 0};
    content += piece;
    return {};
  }));
  return content;
}

}  // namespace braid
