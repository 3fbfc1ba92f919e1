#include "runtime/connect/file_bytes.h"

#include <algorithm>
#include <system_error>

#include "runtime/data/key_bytes.h"

namespace braid {
namespace {

constexpr size_t kFingerprintBytes = 4096;

}  // namespace

Error input_error(const Diagnostic& diagnostic, int system_error) {
  return {ErrorKind::input, diagnostic.message, diagnostic.code, system_error};
}

Result<bool> FileBytes::has_more(int64_t position) {
  BRAID_ASSIGN(uint64_t size, reader_->size());
  if (size < static_cast<uint64_t>(position))
    return input_error(
        diag::InputShortened{.path = name_, .found = static_cast<int64_t>(size), .expected = position}.make());
  return size > static_cast<uint64_t>(position) + held_bytes_;
}

Result<uint64_t> FileBytes::fingerprint(int64_t position) {
  BRAID_ASSIGN(uint64_t size, reader_->size());
  if (size < static_cast<uint64_t>(position))
    return input_error(
        diag::InputShortened{.path = name_, .found = static_cast<int64_t>(size), .expected = position}.make());
  char bytes[kFingerprintBytes];
  const int64_t begin = std::max<int64_t>(0, position - static_cast<int64_t>(kFingerprintBytes));
  BRAID_ASSIGN(size_t count, read(begin, bytes, static_cast<size_t>(position - begin)));
  return key_hash({bytes, count});
}

Result<size_t> FileBytes::read(int64_t position, char* into, size_t length) {
  Result<size_t> count = reader_->read_at(static_cast<uint64_t>(position), into, length);
  if (count.ok()) return count;
  const std::string reason = std::error_code(count.error().system_error, std::generic_category()).message();
  return input_error(diag::FileNotReadable{.path = name_, .reason = reason}.make(), count.error().system_error);
}

}  // namespace braid
