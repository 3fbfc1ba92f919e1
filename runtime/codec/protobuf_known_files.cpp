#include "runtime/codec/protobuf_known_files.h"

namespace braid {
namespace {

struct KnownFile {
  std::string_view path, text;
};

constexpr KnownFile kFiles[] = {
    {"google/protobuf/timestamp.proto", R"(syntax = "proto3";
package google.protobuf;
message Timestamp { int64 seconds = 1; int32 nanos = 2; })"},
    {"google/protobuf/duration.proto", R"(syntax = "proto3";
package google.protobuf;
message Duration { int64 seconds = 1; int32 nanos = 2; })"},
    {"google/protobuf/wrappers.proto", R"(syntax = "proto3";
package google.protobuf;
message DoubleValue { double value = 1; }
message FloatValue { float value = 1; }
message Int64Value { int64 value = 1; }
message UInt64Value { uint64 value = 1; }
message Int32Value { int32 value = 1; }
message UInt32Value { uint32 value = 1; }
message BoolValue { bool value = 1; }
message StringValue { string value = 1; }
message BytesValue { bytes value = 1; })"},
    {"google/protobuf/any.proto", R"(syntax = "proto3";
package google.protobuf;
message Any { string type_url = 1; bytes value = 2; })"},
    {"google/protobuf/empty.proto", R"(syntax = "proto3";
package google.protobuf;
message Empty {})"},
    {"google/protobuf/field_mask.proto", R"(syntax = "proto3";
package google.protobuf;
message FieldMask { repeated string paths = 1; })"},
    {"google/protobuf/struct.proto", R"(syntax = "proto3";
package google.protobuf;
message Struct { map<string, Value> fields = 1; }
message Value {
  oneof kind {
    NullValue null_value = 1;
    double number_value = 2;
    string string_value = 3;
    bool bool_value = 4;
    Struct struct_value = 5;
    ListValue list_value = 6;
  }
}
enum NullValue { NULL_VALUE = 0; }
message ListValue { repeated Value values = 1; })"},
    {"google/type/date.proto", R"(syntax = "proto3";
package google.type;
message Date { int32 year = 1; int32 month = 2; int32 day = 3; })"},
    {"google/type/timeofday.proto", R"(syntax = "proto3";
package google.type;
message TimeOfDay { int32 hours = 1; int32 minutes = 2; int32 seconds = 3; int32 nanos = 4; })"},
    {"google/type/decimal.proto", R"(syntax = "proto3";
package google.type;
message Decimal { string value = 1; })"},
    {"google/type/money.proto", R"(syntax = "proto3";
package google.type;
message Money { string currency_code = 1; int64 units = 2; int32 nanos = 3; })"},
    {"confluent/type/decimal.proto", R"(syntax = "proto3";
package confluent.type;
message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; })"},
};

}  // namespace

std::string_view known_protobuf_file(std::string_view path) {
  for (const KnownFile& file : kFiles)
    if (file.path == path) return file.text;
  return {};
}

}  // namespace braid
