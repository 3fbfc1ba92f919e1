#include "runtime/erasure/erasure_note.h"

#include <fmt/format.h>

#include <charconv>

namespace braid {
namespace {

constexpr size_t kDigits = 16;

}  // namespace

std::string ErasureNote::encode() const {
  return fmt::format("{:016x}\n{}", outputs, log.to_text());
}

Result<ErasureNote> ErasureNote::decode(std::string_view bytes) {
  ErasureNote note;
  const char* const begin = bytes.data();
  const bool has_digest = bytes.size() > kDigits && bytes[kDigits] == '\n' &&
                          std::from_chars(begin, begin + kDigits, note.outputs, 16).ptr == begin + kDigits;
  if (!has_digest) return Error{ErrorKind::store, "the record of an erasure cannot be read", 8002, 0};
  BRAID_ASSIGN(note.log, ErasureLog::parse(bytes.substr(kDigits + 1), "the record of an erasure"));
  return note;
}

}  // namespace braid
