// Bytes that go out and come back, which nobody outside this process can read, make or use for another reader:
// AES-256-GCM with a key that is made at the start and never written. Their length tells no more than a multiple of 64.
// Immutable; any thread.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace braid::serve {

class Seal {
 public:
  /// With a key of its own.
  Seal();
  /// `holder`: whom the bytes are for.
  std::string seal(std::string_view bytes, std::string_view holder) const;
  /// Nothing: this has not sealed them, or for another holder.
  std::optional<std::string> unseal(std::string_view sealed, std::string_view holder) const;

 private:
  std::array<unsigned char, 32> key_;
};

}  // namespace braid::serve
