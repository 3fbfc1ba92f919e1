// Avro object container files: a header with the schema, the codec and a marker of sixteen bytes, then blocks, each the
// number of its records, the number of its bytes, the bytes (packed by the codec), and the marker.
//
// A decoder reads the same form with blocks that are unpacked (`null` codec); whoever reads a file unpacks them. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace braid {

inline constexpr std::string_view kContainerMagic{"Obj\x01", 4};
inline constexpr size_t kMarkerBytes = 16;
/// A block that is larger, packed or unpacked, is not read.
inline constexpr uint64_t kMostBlockBytes = uint64_t{64} << 20;
/// A header that is longer is none.
inline constexpr size_t kMostHeaderBytes = size_t{4} << 20;

enum class ContainerCodec : uint8_t { none, deflate, zstandard, snappy };

struct ContainerHeader {
  std::string schema;  ///< JSON text
  ContainerCodec codec = ContainerCodec::none;
  std::array<char, kMarkerBytes> marker = {};
  size_t bytes = 0;  ///< of the header itself
};

/// The header at the beginning of `text`. No value: it may go on behind `text`. The error says what is wrong.
Result<std::optional<ContainerHeader>> read_container_header(std::string_view text);
/// Uncompressed.
void append_container_header(std::string& out, std::string_view schema, std::string_view marker);

struct ContainerBlock {
  int64_t records = 0;
  std::string_view data;   ///< packed, as it stands there
  std::string_view whole;  ///< from its first byte to the end of its marker
};

/// The block at the beginning of `text`. No value: it goes on behind `text`; then `needed` is how many bytes it has, or
/// 0 if that is not known either.
Result<std::optional<ContainerBlock>> read_container_block(const ContainerHeader& header, std::string_view text,
                                                           uint64_t& needed);
/// The records of all blocks in a text of whole blocks.
size_t count_block_records(std::string_view text);
/// Appends the block with its data unpacked.
Status append_unpacked(const ContainerHeader& header, const ContainerBlock& block, std::string& out);
/// `data` is not packed.
void append_container_block(std::string& out, int64_t records, std::string_view data, std::string_view marker);

}  // namespace braid
