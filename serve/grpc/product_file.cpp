#include "serve/grpc/product_file.h"

#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <optional>

#include "runtime/base/check.h"
#include "runtime/codec/protobuf_wire.h"
#include "runtime/data/key_bytes.h"
#include "runtime/data/value.h"
#include "serve/rest/asked.h"

namespace braid::serve {
namespace {

namespace pb = google::protobuf;

// Numbers of up to 18 bits take three bytes on the wire, and two names seldom have the same.
constexpr uint64_t kNumbers = (1 << 18) - 1;
constexpr uint64_t kReservedFirst = 19'000, kReservedLast = 19'999;

class Errors : public pb::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (!first) first = fmt::format("line {}, column {}: {}", line + 1, column + 1, message);
  }
  std::optional<std::string> first;
};

class PoolErrors : public pb::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string&, const std::string& element, const pb::Message*, ErrorLocation,
                const std::string& message) override {
    if (!first) first = fmt::format("`{}`: {}", element, message);
  }
  std::optional<std::string> first;
};

Result<pb::FileDescriptorProto> parse(const std::string& path, std::string_view text) {
  pb::FileDescriptorProto file;
  Errors errors;
  pb::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  pb::io::Tokenizer tokens(&stream, &errors);
  pb::compiler::Parser parser;
  parser.RecordErrorsTo(&errors);
  if (!parser.Parse(&tokens, &file) || errors.first)
    return Error{ErrorKind::internal, fmt::format("`{}`, {}", path, errors.first.value_or("no .proto file"))};
  file.set_name(path);
  return file;
}

/// Its files of google/protobuf are those of the library.
void add_known_files(pb::DescriptorPool& pool) {
  for (const pb::FileDescriptor* known : {pb::Timestamp::descriptor()->file(), pb::Duration::descriptor()->file()}) {
    pb::FileDescriptorProto file;
    known->CopyTo(&file);
    (void)pool.BuildFile(file);
  }
}

/// A number from a name; where another name in the same place has it, the next one that is free.
class NamedNumbers {
 public:
  uint64_t operator()(const std::string& name) {
    uint64_t number = 1 + key_hash(name) % kNumbers;
    while ((number >= kReservedFirst && number <= kReservedLast) || !taken_.insert(number).second)
      number = number >= kNumbers ? 1 : number + 1;
    return number;
  }

 private:
  std::set<uint64_t> taken_;
};

/// In the order of the names, so that it does not matter where in the row a field stands.
template <class Items>
std::vector<int> by_name(const Items& items) {
  std::vector<int> order;
  for (int i = 0; i < items.size(); ++i) order.push_back(i);
  std::ranges::sort(order, {}, [&](int i) { return items.Get(i).name(); });
  return order;
}

void number(pb::EnumDescriptorProto& type) {
  NamedNumbers numbers;
  for (const int i : by_name(type.value()))
    type.mutable_value(i)->set_number(static_cast<int32_t>(numbers(type.value(i).name())));
  // The first symbol of an enum is 0 in proto3: here what no row has.
  std::string name;
  for (const char c : type.name()) name += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  name += "_UNSPECIFIED";
  pb::EnumDescriptorProto made;
  made.set_name(type.name());
  made.add_value()->set_name(name);
  made.mutable_value(0)->set_number(0);
  for (const pb::EnumValueDescriptorProto& each : type.value()) *made.add_value() = each;
  type = made;
}

void number(pb::DescriptorProto& message) {
  for (pb::EnumDescriptorProto& type : *message.mutable_enum_type()) number(type);
  for (pb::DescriptorProto& nested : *message.mutable_nested_type())
    if (!nested.options().map_entry()) number(nested);
  NamedNumbers numbers;
  for (const int i : by_name(message.field()))
    message.mutable_field(i)->set_number(static_cast<int32_t>(numbers(message.field(i).name())));
}

/// The text of a schema without its head: what it imports is added to `imports`.
std::string body_of(const std::string& text, std::set<std::string>& imports) {
  std::string body;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    if (line.starts_with("import "))
      imports.insert(std::string(line));
    else if (!line.starts_with("syntax ") && !line.starts_with("package "))
      body.append(line).append(1, '\n');
    at = end + 1;
  }
  return body;
}

/// The row with types that Protobuf can have.
std::vector<Field> row_in_protobuf(const std::vector<Field>& row, std::vector<bool>& as_json) {
  std::vector<Field> made = row;
  as_json.assign(row.size(), false);
  for (size_t i = 0; i < row.size(); ++i) {
    if (protobuf_schema_of("a.b", {row[i]}).ok() || !protobuf_schema_of("a.b", {{row[i].name, string_type()}}).ok())
      continue;
    as_json[i] = true;
    made[i].type = string_type();
  }
  return made;
}

/// `window.start` → `window_start`.
std::string name_of_key(std::string path) {
  std::ranges::replace(path, '.', '_');
  return path;
}

/// The schema of a message, numbered by names. `name`: in full.
Result<std::string> numbered_schema(const std::string& name, const std::vector<Field>& fields) {
  BRAID_ASSIGN(const std::string by_place, protobuf_schema_of(name, fields));
  BRAID_ASSIGN(pb::FileDescriptorProto file, parse(name, by_place));
  for (pb::DescriptorProto& message : *file.mutable_message_type()) number(message);
  pb::DescriptorPool pool;
  add_known_files(pool);
  PoolErrors errors;
  const pb::FileDescriptor* built = pool.BuildFileCollectingErrors(file, &errors);
  if (built == nullptr) return Error{ErrorKind::output, errors.first.value_or(fmt::format("`{}` is no message", name))};
  return built->DebugString();
}

constexpr std::string_view kRequests = R"(
message GetRequest {
  Key key = 1;
  // Of the row; none: all of them.
  repeated string fields = 2;
  // The row as it was.
  braid.read.v1.AsOf as_of = 3;
  // That epoch or a later one, which is waited for.
  uint64 min_epoch = 4;
  google.protobuf.Duration wait = 5;
}

message GetReply {
  braid.read.v1.At at = 1;
  Row row = 2;
}
)";

constexpr std::string_view kScans = R"(
message ScanRequest {
  // All of them hold.
  repeated braid.read.v1.Condition where = 1;
  repeated string fields = 2;
  // `key` (or `time`), or a field with an index; with `-` in front of it backwards.
  string order = 3;
  // At most so many rows; 0: all of them.
  uint64 limit = 4;
  // `next` of an earlier reply: goes on behind it, in its epoch.
  string after = 5;
  braid.read.v1.AsOf as_of = 6;
  uint64 min_epoch = 7;
  google.protobuf.Duration wait = 8;
}

// All replies of a scan are of one epoch.
message ScanReply {
  braid.read.v1.At at = 1;
  repeated Row rows = 2;
  // For `after`; empty: there are no more rows.
  string next = 3;
}

service View {
)";

}  // namespace

std::string_view shared_read_file() {
  return R"(syntax = "proto3";
package braid.read.v1;

import "google/protobuf/timestamp.proto";

// Of which state of the product an answer is.
message At {
  uint64 epoch = 1;
  google.protobuf.Timestamp watermark = 2;
  // The worst state of the product's promises.
  string status = 3;
  int64 version = 4;
}

message AsOf {
  oneof of {
    // Of event time.
    google.protobuf.Timestamp time = 1;
    uint64 epoch = 2;
  }
}

message Condition {
  enum Op {
    EQ = 0;
    NE = 1;
    LT = 2;
    LE = 3;
    GT = 4;
    GE = 5;
    IS_NULL = 6;
    IS_NOT_NULL = 7;
  }
  // A field of the row, or a part of a struct, like `address.city`.
  string field = 1;
  Op op = 2;
  // As text: 7, Bern, 2026-01-31T12:00:00Z.
  string value = 3;
}
)";
}

Result<ProductFile> product_file_of(const ApiProduct& product) {
  ProductFile file;
  file.package = fmt::format("{}.{}.v{}", product.domain, product.name, product.version);
  file.path = fmt::format("{}/{}/v{}.proto", product.domain, product.name, product.version);
  const std::vector<Field> row = row_in_protobuf(product.row, file.as_json);
  BRAID_ASSIGN(const std::string schema, numbered_schema(file.package + ".Row", row));
  BRAID_ASSIGN(file.columns, protobuf_columns_of(row, schema));
  std::set<std::string> imports{fmt::format("import \"{}\";", kSharedReadPath),
                                "import \"google/protobuf/duration.proto\";"};
  std::string body = body_of(schema, imports);
  if (product.keyed) {
    std::vector<Field> key;
    for (const std::string& path : product.key) {
      const std::optional<NamedPath> place = named_path(product.row, path);
      BRAID_CHECK(place);
      key.push_back({name_of_key(path), without_optional(place->place.type)});
    }
    BRAID_ASSIGN(const std::string key_schema, numbered_schema(file.package + ".Key", key));
    BRAID_ASSIGN(file.key, protobuf_columns_of(key, key_schema));
    body += '\n' + body_of(key_schema, imports) + std::string(kRequests);
  }
  body += kScans;
  if (product.keyed)
    body += "  // The row of a key; NOT_FOUND if there is none.\n  rpc Get(GetRequest) returns (GetReply);\n";
  body += "  rpc Scan(ScanRequest) returns (stream ScanReply);\n}\n";
  file.text = fmt::format("syntax = \"proto3\";\npackage {};\n\n{}\n{}", file.package, fmt::join(imports, "\n"), body);
  return file;
}

void append_column(const ProductFile& file, const std::vector<Field>& row, size_t column, const Slot* slots,
                   std::string& out) {
  if (!file.as_json[column]) return append_protobuf({&file.columns[column], 1}, slots, out);
  std::string text;
  append_json(row[column].type, slots, text);
  append_wire_tag(out, file.columns[column].number, WireType::sized);
  append_wire_varint(out, text.size());
  out += text;
}

namespace {

void add_symbols(const pb::DescriptorProto& message, const std::string& prefix, const std::string& path,
                 std::map<std::string, std::string>& symbols) {
  const std::string name = prefix + message.name();
  symbols.emplace(name, path);
  for (const pb::FieldDescriptorProto& field : message.field()) symbols.emplace(name + "." + field.name(), path);
  for (const pb::EnumDescriptorProto& type : message.enum_type()) symbols.emplace(name + "." + type.name(), path);
  for (const pb::DescriptorProto& nested : message.nested_type()) add_symbols(nested, name + ".", path, symbols);
}

}  // namespace

ProtobufFiles::ProtobufFiles() : pool_(std::make_unique<pb::DescriptorPool>()) {
  add_known_files(*pool_);
}

ProtobufFiles::~ProtobufFiles() = default;

Status ProtobufFiles::add(const std::string& path, std::string_view text) {
  BRAID_ASSIGN(const pb::FileDescriptorProto file, parse(path, text));
  // Built, so that what it refers to is looked up, and named in full.
  PoolErrors errors;
  const pb::FileDescriptor* built = pool_->BuildFileCollectingErrors(file, &errors);
  if (built == nullptr)
    return Error{ErrorKind::output, fmt::format("{}: {}", path, errors.first.value_or("it is no schema"))};
  const auto add_built = [this](const pb::FileDescriptor& each) {
    pb::FileDescriptorProto proto;
    each.CopyTo(&proto);
    File made{.descriptor = proto.SerializeAsString(), .imports = {}};
    for (const std::string& import : proto.dependency()) made.imports.push_back(import);
    if (!files_.emplace(proto.name(), std::move(made)).second) return;
    const std::string prefix = proto.package().empty() ? "" : proto.package() + ".";
    for (const pb::DescriptorProto& message : proto.message_type())
      add_symbols(message, prefix, proto.name(), symbols_);
    for (const pb::EnumDescriptorProto& type : proto.enum_type()) symbols_.emplace(prefix + type.name(), proto.name());
    for (const pb::ServiceDescriptorProto& service : proto.service()) {
      services_.push_back(prefix + service.name());
      symbols_.emplace(services_.back(), proto.name());
      for (const pb::MethodDescriptorProto& method : service.method())
        symbols_.emplace(services_.back() + "." + method.name(), proto.name());
    }
  };
  for (int i = 0; i < built->dependency_count(); ++i) add_built(*built->dependency(i));
  add_built(*built);
  return {};
}

std::vector<std::string> ProtobufFiles::with_imports(const std::string& path) const {
  std::vector<std::string> found;
  std::set<std::string> seen{path};
  std::vector<std::string> open{path};
  while (!open.empty()) {
    const auto file = files_.find(open.back());
    open.pop_back();
    if (file == files_.end()) continue;
    found.push_back(file->second.descriptor);
    for (const std::string& import : file->second.imports)
      if (seen.insert(import).second) open.push_back(import);
  }
  return found;
}

std::string ProtobufFiles::file_of(const std::string& symbol) const {
  const auto found = symbols_.find(symbol);
  return found == symbols_.end() ? "" : found->second;
}

}  // namespace braid::serve
