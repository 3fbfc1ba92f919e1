#include "runtime/codec/avro_compatibility.h"

#include <algorithm>
#include <optional>
#include <set>

#include "runtime/codec/avro_schema.h"

namespace braid {
namespace {

using schema::Break;
using schema::BreakKind;
using Kind = AvroType::Kind;
using Logical = AvroType::Logical;

/// More help nobody.
constexpr size_t kMostBreaks = 100;

std::string_view short_name(std::string_view name) {
  return name.substr(name.rfind('.') + 1);
}

class Comparison {
 public:
  Comparison(const AvroSchema& reader, const AvroSchema& writer) : reader_(reader), writer_(writer) {}

  std::vector<Break> compare(uint32_t reader, uint32_t writer, const std::string& path) {
    // A type that contains itself is looked at once, and so is one that stands in many places and is read.
    if (!seen_.insert({reader, writer}).second) return {};
    std::vector<Break> found = values(reader, writer, path);
    if (!found.empty()) seen_.erase({reader, writer});
    if (found.size() > kMostBreaks) found.resize(kMostBreaks);
    return found;
  }

 private:
  Break differs(uint32_t reader, uint32_t writer, const std::string& path) const {
    return {path, BreakKind::type, describe(reader_, reader), describe(writer_, writer)};
  }

  std::vector<Break> values(uint32_t reader, uint32_t writer, const std::string& path) {
    const AvroType& read = reader_.type(reader);
    const AvroType& written = writer_.type(writer);
    if (written.kind == Kind::choice) {
      std::vector<Break> all;
      for (const uint32_t branch : written.elements) {
        std::vector<Break> found = compare(reader, branch, path);
        if (!found.empty() && writer_.type(branch).kind == Kind::null && read.kind != Kind::null)
          found = {{path, BreakKind::optional, describe(reader_, reader), describe(writer_, writer)}};
        all.insert(all.end(), found.begin(), found.end());
      }
      return all;
    }
    if (read.kind == Kind::choice) return branches(reader, writer, path);
    if (read.kind != written.kind) {
      if (promoted(read, written)) return {};
      return {differs(reader, writer, path)};
    }
    if (!same_meaning(read, written)) return {differs(reader, writer, path)};
    switch (read.kind) {
      case Kind::record:
        return fields(read, written, path);
      case Kind::enumeration:
        return symbols(reader, writer, path);
      case Kind::fixed:
        if (short_name(read.name) != short_name(written.name)) return {renamed(read, written, path)};
        if (read.size != written.size) return {differs(reader, writer, path)};
        return {};
      case Kind::array:
        return compare(read.elements[0], written.elements[0], path + "[]");
      case Kind::map:
        return compare(read.elements[0], written.elements[0], path + "{}");
      default:
        return {};
    }
  }

  /// The branch that takes it; else what is wrong with the one that is meant.
  std::vector<Break> branches(uint32_t reader, uint32_t writer, const std::string& path) {
    std::optional<std::vector<Break>> meant;
    for (const uint32_t branch : reader_.type(reader).elements) {
      std::vector<Break> found = compare(branch, writer, path);
      if (found.empty()) return {};
      const bool alike = reader_.type(branch).kind == writer_.type(writer).kind &&
                         short_name(reader_.type(branch).name) == short_name(writer_.type(writer).name);
      if (alike && !meant) meant = std::move(found);
    }
    if (meant) return *meant;
    return {differs(reader, writer, path)};
  }

  static bool promoted(const AvroType& read, const AvroType& written) {
    if (read.logical != Logical::none || written.logical != Logical::none)
      // A decimal in bytes and one in a text of fixed length are not one another.
      return false;
    switch (read.kind) {
      case Kind::long_integer:
        return written.kind == Kind::integer;
      case Kind::float32:
        return written.kind == Kind::integer || written.kind == Kind::long_integer;
      case Kind::float64:
        return written.kind == Kind::integer || written.kind == Kind::long_integer || written.kind == Kind::float32;
      case Kind::string:
        return written.kind == Kind::bytes;
      case Kind::bytes:
        return written.kind == Kind::string;
      default:
        return false;
    }
  }

  static bool same_meaning(const AvroType& read, const AvroType& written) {
    if (read.logical == Logical::none) return true;  // the plain value is what the reader asks for
    if (read.logical != written.logical) return false;
    return read.logical != Logical::decimal || (read.scale == written.scale && read.precision >= written.precision);
  }

  static Break renamed(const AvroType& read, const AvroType& written, const std::string& path) {
    return {path, BreakKind::name, read.name, written.name};
  }

  std::vector<Break> fields(const AvroType& read, const AvroType& written, const std::string& path) {
    if (short_name(read.name) != short_name(written.name)) return {renamed(read, written, path)};
    std::vector<Break> all;
    for (const AvroField& field : read.fields) {
      const std::string place = path.empty() ? field.name : path + "." + field.name;
      const auto there = std::find_if(written.fields.begin(), written.fields.end(), [&](const AvroField& each) {
        return each.name == field.name ||
               std::find(field.aliases.begin(), field.aliases.end(), each.name) != field.aliases.end();
      });
      std::vector<Break> found;
      if (there != written.fields.end())
        found = compare(field.type, there->type, place);
      else if (!field.default_json)
        found = {{place, BreakKind::missing, describe(reader_, field.type), ""}};
      all.insert(all.end(), found.begin(), found.end());
    }
    return all;
  }

  std::vector<Break> symbols(uint32_t reader, uint32_t writer, const std::string& path) const {
    const AvroType& read = reader_.type(reader);
    const AvroType& written = writer_.type(writer);
    if (short_name(read.name) != short_name(written.name)) return {renamed(read, written, path)};
    std::vector<Break> all;
    if (read.symbol) return all;
    for (const std::string& symbol : written.symbols)
      if (std::find(read.symbols.begin(), read.symbols.end(), symbol) == read.symbols.end())
        all.push_back({path, BreakKind::symbol, describe(reader_, reader), symbol});
    return all;
  }

  const AvroSchema& reader_;
  const AvroSchema& writer_;
  std::set<std::pair<uint32_t, uint32_t>> seen_;
};

}  // namespace

Result<std::vector<Break>> find_avro_breaks(std::string_view reader, std::string_view writer) {
  BRAID_ASSIGN(const AvroSchema read, parse_avro_schema(reader));
  BRAID_ASSIGN(const AvroSchema written, parse_avro_schema(writer));
  return Comparison(read, written).compare(read.root, written.root, "");
}

}  // namespace braid
