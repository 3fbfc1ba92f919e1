#include "serve/odata/names.h"

#include <fmt/format.h>

namespace braid::serve::odata {
namespace {

constexpr size_t kMostBytes = 128;

bool is_letter(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}
bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

}  // namespace

bool is_odata_name(std::string_view text) {
  if (text.empty() || text.size() > kMostBytes || !is_letter(text.front())) return false;
  for (const char byte : text)
    if (!is_letter(byte) && !is_digit(byte)) return false;
  return true;
}

std::string odata_name(std::string_view text) {
  std::string made;
  for (const char byte : text) {
    if (is_letter(byte) || (is_digit(byte) && !made.empty()))
      made += byte;
    else
      made += fmt::format("_x{:02X}", static_cast<uint8_t>(byte));
  }
  return made.empty() ? "_" : made;
}

std::string set_name(std::string_view domain, std::string_view product, int64_t version) {
  std::string made;
  for (const char byte : odata_name(domain)) made.append(byte == '_' ? 2 : 1, byte);
  return fmt::format("{}_{}_v{}", made, odata_name(product), version);
}

}  // namespace braid::serve::odata
