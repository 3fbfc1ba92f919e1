// Keys of a whole block as canonical bytes (runtime/data/key_bytes.h) and their hashes, made into the turn's arena.
// A KeyFormat is immutable; it copies what it needs of the row type.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/data/arena.h"
#include "runtime/data/block.h"
#include "runtime/data/type.h"

namespace braid {

/// Memory of the arena.
struct KeyBlock {
  const Bytes* keys = nullptr;
  const uint64_t* hashes = nullptr;
  const uint8_t* has_null = nullptr;  ///< a field of the key is null; only with Nulls::match_nothing, else all 0
};

class KeyFormat {
 public:
  /// group: null is a value like any other. match_nothing: of joins; the two sides may differ in being optional.
  enum class Nulls { group, match_nothing };

  KeyFormat() = default;
  KeyFormat(const std::vector<Field>& row, std::span<const int> fields, Nulls nulls);

  /// Bytes of every key; none: they differ.
  std::optional<uint32_t> fixed_size() const {
    return all_flat_ && !has_text_ ? std::optional(fixed_size_) : std::nullopt;
  }
  KeyBlock encode(const Block& block, Arena& arena) const;
  /// The leaves of the key into columns [first, …) of `block`; for Nulls::group. Text refers to `key`.
  void decode(std::string_view key, Block& block, uint32_t row, uint32_t first, Arena& arena) const;

 private:
  struct KeyField {
    Type type;
    uint32_t column;           ///< of its first leaf
    int32_t presence = -1;     ///< column of the presence leaf of a whole field; −1: none, or part of the key
    std::vector<Leaf> leaves;  ///< of `type`
    bool flat = true;          ///< one scalar leaf: written without a look at the type
  };
  void encode_general(const KeyField& field, const Block& block, uint32_t row, std::string& bytes) const;

  std::vector<KeyField> fields_;
  bool all_flat_ = true;
  uint32_t fixed_size_ = 0;  ///< of a key of flat fields, without the content of texts
  bool has_text_ = false;
};

}  // namespace braid
