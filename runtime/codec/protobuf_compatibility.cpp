#include "runtime/codec/protobuf_compatibility.h"

#include <algorithm>
#include <set>

#include "runtime/codec/protobuf_schema.h"

namespace braid {
namespace {

using schema::Break;
using schema::BreakKind;
using Kind = ProtobufField::Kind;

/// Kinds that are alike on the wire have one number.
int wire_group(Kind kind) {
  switch (kind) {
    case Kind::int32:
    case Kind::int64:
    case Kind::uint32:
    case Kind::uint64:
    case Kind::boolean:
      return 0;
    case Kind::sint32:
    case Kind::sint64:
      return 1;
    case Kind::fixed32:
    case Kind::sfixed32:
      return 2;
    case Kind::fixed64:
    case Kind::sfixed64:
      return 3;
    case Kind::string:
    case Kind::bytes:
      return 4;
    default:
      return 100 + static_cast<int>(kind);
  }
}

class Comparison {
 public:
  Comparison(const ProtobufSchema& reader, const ProtobufSchema& writer) : reader_(reader), writer_(writer) {}

  std::vector<Break> compare(uint32_t reader, uint32_t writer, const std::string& path) {
    // A message that contains itself is looked at once.
    if (!seen_.insert({reader, writer}).second) return {};
    std::vector<Break> all;
    for (const ProtobufField& field : reader_.messages[reader].fields) {
      const auto& written = writer_.messages[writer].fields;
      const auto there = std::ranges::find(written, field.number, &ProtobufField::number);
      const std::string place = path.empty() ? field.name : path + "." + field.name;
      std::vector<Break> found;
      if (there != written.end())
        found = values(field, *there, place);
      else if (field.required)
        found = {{place, BreakKind::missing, describe(reader_, field), ""}};
      all.insert(all.end(), found.begin(), found.end());
    }
    return all;
  }

 private:
  std::vector<Break> values(const ProtobufField& read, const ProtobufField& written, const std::string& place) {
    const Break differs{place, BreakKind::type, describe(reader_, read), describe(writer_, written)};
    if (wire_group(read.kind) != wire_group(written.kind)) return {differs};
    if (read.repeated != written.repeated) return {differs};
    if (read.required && !written.required)
      return {{place, BreakKind::optional, describe(reader_, read), describe(writer_, written)}};
    if (read.kind != Kind::message && read.kind != Kind::group) return {};
    if (reader_.messages[read.type].known != writer_.messages[written.type].known) return {differs};
    return compare(read.type, written.type, read.repeated ? place + "[]" : place);
  }

  const ProtobufSchema& reader_;
  const ProtobufSchema& writer_;
  std::set<std::pair<uint32_t, uint32_t>> seen_;
};

}  // namespace

Result<std::vector<Break>> find_protobuf_breaks(std::string_view reader, std::string_view writer) {
  BRAID_ASSIGN(const ProtobufSchema read, parse_protobuf_schema(reader));
  BRAID_ASSIGN(const ProtobufSchema written, parse_protobuf_schema(writer));
  return Comparison(read, written).compare(read.root, written.root, "");
}

}  // namespace braid
