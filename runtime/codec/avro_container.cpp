#include "runtime/codec/avro_container.h"

#include <fmt/format.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "runtime/abi/avro_functions.h"
#include "runtime/codec/avro_bytes.h"

namespace braid {
namespace {

Error broken(std::string reason) {
  return {ErrorKind::input, std::move(reason)};
}

/// Takes values off the front of a text. A value that is not there whole, or broken, is remembered.
class Front {
 public:
  explicit Front(std::string_view text) : text_(text), at_(text.data()), end_(text.data() + text.size()) {}
  int64_t number() {
    int64_t value = 0;
    if (!at_) return 0;
    const char* next = read_avro_long(at_, end_, &value);
    if (next == nullptr) broken_ = static_cast<size_t>(end_ - at_) >= kLongestVarint;
    at_ = next;
    return at_ ? value : 0;
  }
  std::string_view sized() {
    const int64_t size = number();
    if (!at_) return {};
    if (size < 0 || static_cast<uint64_t>(size) > kMostHeaderBytes) broken_ = true;
    return bytes(size);
  }
  std::string_view bytes(int64_t size) {
    if (!at_ || size < 0 || size > end_ - at_) {
      at_ = nullptr;
      return {};
    }
    at_ += size;
    return {at_ - size, static_cast<size_t>(size)};
  }
  bool whole() const { return at_ != nullptr; }
  bool is_broken() const { return broken_; }
  size_t taken() const { return static_cast<size_t>(at_ - text_.data()); }

 private:
  std::string_view text_;
  const char* at_;  ///< null: it ended
  const char* end_;
  bool broken_ = false;
};

std::optional<ContainerCodec> codec_of(std::string_view name) {
  if (name.empty() || name == "null") return ContainerCodec::none;
  if (name == "deflate") return ContainerCodec::deflate;
  if (name == "zstandard") return ContainerCodec::zstandard;
  if (name == "snappy") return ContainerCodec::snappy;
  return std::nullopt;
}

const char* const kTooLarge = "a block is larger than 64 MB";

/// Raw deflate, without the frame of zlib.
Status inflate_into(std::string_view packed, std::string& out) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return broken("there is no memory to unpack a block");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  int state = Z_OK;
  while (state == Z_OK && out.size() <= kMostBlockBytes) {
    const size_t before = out.size();
    out.resize(before + std::max<size_t>(4 * packed.size(), 4096));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = static_cast<uInt>(out.size() - before);
    state = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (state == Z_BUF_ERROR || (state == Z_OK && stream.avail_in == 0 && stream.avail_out > 0)) break;
  }
  inflateEnd(&stream);
  if (out.size() > kMostBlockBytes) return broken(kTooLarge);
  if (state != Z_STREAM_END) return broken("a block cannot be unpacked by deflate");
  return {};
}

Status unpack_zstandard(std::string_view packed, std::string& out) {
  ZSTD_DStream* stream = ZSTD_createDStream();
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  size_t state = 1;
  while ((state != 0 || in.pos < in.size) && !ZSTD_isError(state) && out.size() <= kMostBlockBytes) {
    const size_t before = out.size(), position = in.pos;
    out.resize(before + ZSTD_DStreamOutSize());
    ZSTD_outBuffer into{out.data() + before, out.size() - before, 0};
    state = ZSTD_decompressStream(stream, &into, &in);
    out.resize(before + into.pos);
    if (into.pos == 0 && in.pos == position) break;  // it ends within a frame
  }
  ZSTD_freeDStream(stream);
  if (out.size() > kMostBlockBytes) return broken(kTooLarge);
  if (state != 0) return broken("a block cannot be unpacked by zstandard");
  return {};
}

/// Four bytes of a checksum of the unpacked data follow, the highest first.
Status unpack_snappy(std::string_view packed, std::string& out) {
  const char* const reason = "a block cannot be unpacked by snappy";
  size_t size = 0;
  if (packed.size() < 4) return broken(reason);
  const std::string_view data = packed.substr(0, packed.size() - 4);
  if (!snappy::GetUncompressedLength(data.data(), data.size(), &size)) return broken(reason);
  if (size > kMostBlockBytes) return broken(kTooLarge);
  out.resize(size);
  if (!snappy::RawUncompress(data.data(), data.size(), out.data())) return broken(reason);
  uint32_t expected = 0;
  for (const char byte : packed.substr(data.size())) expected = expected << 8 | static_cast<uint8_t>(byte);
  if (crc32(0, reinterpret_cast<const Bytef*>(out.data()), static_cast<uInt>(size)) != expected)
    return broken("the checksum of a block is wrong");
  return {};
}

}  // namespace

Result<std::optional<ContainerHeader>> read_container_header(std::string_view text) {
  const std::string_view begin = text.substr(0, kContainerMagic.size());
  if (begin != kContainerMagic.substr(0, begin.size()))
    return broken("it does not begin as an Avro container file does");
  if (begin.size() < kContainerMagic.size()) return std::optional<ContainerHeader>();
  Front front(text);
  front.bytes(static_cast<int64_t>(kContainerMagic.size()));
  ContainerHeader header;
  std::string_view codec;
  bool has_schema = false;
  while (const int64_t given = front.number()) {
    int64_t count = given;
    if (given < 0) {
      front.number();  // bytes of the block
      count = given == INT64_MIN ? INT64_MAX : -given;
    }
    for (; count > 0 && front.whole() && !front.is_broken(); --count) {
      const std::string_view key = front.sized(), value = front.sized();
      if (key == "avro.schema") header.schema = value, has_schema = true;
      if (key == "avro.codec") codec = value;
    }
    if (!front.whole() || front.is_broken()) break;
  }
  const std::string_view marker = front.bytes(kMarkerBytes);
  if (front.is_broken()) return broken("the list of names and values in its header is broken");
  if (!front.whole()) {
    if (text.size() > kMostHeaderBytes) return broken("its header has no end within 4 MB");
    return std::optional<ContainerHeader>();
  }
  if (!has_schema) return broken("its header has no `avro.schema`");
  const auto known = codec_of(codec);
  if (!known)
    return broken(
        fmt::format("its blocks are packed by `{}`; `null`, `deflate`, `zstandard` and `snappy` can be read", codec));
  header.codec = *known;
  std::copy(marker.begin(), marker.end(), header.marker.begin());
  header.bytes = front.taken();
  return std::optional<ContainerHeader>(std::move(header));
}

void append_container_header(std::string& out, std::string_view schema, std::string_view marker) {
  out += kContainerMagic;
  append_avro_long(out, 2);
  append_avro_text(out, "avro.codec");
  append_avro_text(out, "null");
  append_avro_text(out, "avro.schema");
  append_avro_text(out, schema);
  append_avro_long(out, 0);
  out += marker;
}

Result<std::optional<ContainerBlock>> read_container_block(const ContainerHeader& header, std::string_view text,
                                                           uint64_t& needed) {
  needed = 0;
  Front front(text);
  ContainerBlock block;
  block.records = front.number();
  const int64_t size = front.number();
  if (front.is_broken()) return broken("the size of a block is broken");
  if (!front.whole()) return std::optional<ContainerBlock>();
  if (block.records < 0 || size < 0) return broken("the size of a block is negative");
  if (static_cast<uint64_t>(size) > kMostBlockBytes) return broken(kTooLarge);
  const uint64_t begin = front.taken();
  block.data = front.bytes(size);
  const std::string_view marker = front.bytes(kMarkerBytes);
  if (!front.whole()) {
    needed = begin + static_cast<uint64_t>(size) + kMarkerBytes;
    return std::optional<ContainerBlock>();
  }
  if (marker != std::string_view(header.marker.data(), kMarkerBytes))
    return broken("the marker behind a block is not that of the file");
  block.whole = text.substr(0, front.taken());
  return std::optional<ContainerBlock>(block);
}

size_t count_block_records(std::string_view text) {
  size_t records = 0;
  while (!text.empty()) {
    Front front(text);
    const int64_t count = front.number();
    front.bytes(front.number());
    front.bytes(kMarkerBytes);
    if (!front.whole() || count < 0) break;
    records += static_cast<size_t>(count);
    text.remove_prefix(front.taken());
  }
  return records;
}

Status append_unpacked(const ContainerHeader& header, const ContainerBlock& block, std::string& out) {
  std::string unpacked;
  switch (header.codec) {
    case ContainerCodec::none:
      out += block.whole;
      return {};
    case ContainerCodec::deflate:
      BRAID_TRY(inflate_into(block.data, unpacked));
      break;
    case ContainerCodec::zstandard:
      BRAID_TRY(unpack_zstandard(block.data, unpacked));
      break;
    case ContainerCodec::snappy:
      BRAID_TRY(unpack_snappy(block.data, unpacked));
      break;
  }
  append_container_block(out, block.records, unpacked, {header.marker.data(), kMarkerBytes});
  return {};
}

void append_container_block(std::string& out, int64_t records, std::string_view data, std::string_view marker) {
  append_avro_long(out, records);
  append_avro_text(out, data);
  out += marker;
}

}  // namespace braid
