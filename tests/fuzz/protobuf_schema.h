// The schema of the seeds of Protobuf: a field of each kind, a message that contains itself, a map, a oneof.
#pragma once

#include <string_view>

namespace braid::fuzz {

inline constexpr std::string_view kProtobufOfEachKind = R"(syntax = "proto3";
import "google/protobuf/timestamp.proto";
import "google/protobuf/duration.proto";
import "google/type/date.proto";
import "google/type/timeofday.proto";
import "confluent/type/decimal.proto";
message Each {
  bool flag = 1;
  optional sint64 count = 2;
  double share = 3;
  string amount = 4;
  confluent.type.Decimal wide = 5;
  string name = 6;
  optional bytes raw = 7;
  string id = 8;
  google.type.Date day = 9;
  google.type.TimeOfDay hour = 10;
  google.protobuf.Timestamp at = 11;
  google.protobuf.Duration took = 12;
  State state = 13;
  repeated string tags = 14;
  oneof what { Inner inner = 15; fixed32 other = 16; }
  map<string, int32> rest = 1000;
  message Inner { optional string y = 1; int32 x = 2; Each next = 3; }
  enum State { shut = 0; open = 1; }
}
)";

}  // namespace braid::fuzz
