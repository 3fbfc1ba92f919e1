// What a registry keeps, as values.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"

namespace braid::registry {

enum class SchemaType { avro, json, protobuf };
std::string_view word_of(SchemaType type);  ///< "AVRO", "JSON", "PROTOBUF"

/// Another schema that a schema names: `name` is what its text calls it, a type or a file to import.
struct SchemaReference {
  std::string name;
  std::string subject;
  int version = 0;
};

struct Schema {
  SchemaType type = SchemaType::avro;
  std::string text;
  std::vector<SchemaReference> references;
};

/// With all that it names, directly or not, each once, and before what names it.
struct ResolvedSchema {
  struct Named {
    std::string name;
    std::string text;
  };
  Schema schema;
  std::vector<Named> referenced;
  size_t bytes() const;  ///< about how much memory it takes
};
using SchemaPtr = std::shared_ptr<const ResolvedSchema>;

/// A version of a subject.
struct SubjectVersion {
  std::string subject;
  int version = 0;
  int64_t id = 0;
  Schema schema;
};

using Guid = std::array<uint8_t, 16>;
/// "89791762-2336-186f-9674-180f3d4a5c4e".
std::string to_text(const Guid& guid);

/// What a caller can do about it.
enum class RegistryFault {
  not_now,      ///< no usable answer in time: ask again later
  unknown,      ///< the registry does not have it; it may have it later
  refused,      ///< the same request will not succeed
  incompatible  ///< refused, because the schema does not fit its subject
};
struct RegistryError {
  RegistryFault fault = RegistryFault::not_now;
  std::string
      message;      ///< for people, without the address: "connection refused", "401, the credentials are not accepted"
  std::string url;  ///< base URL that the message is about
  int status = 0;   ///< of HTTP; 0: none
  int code = 0;     ///< `error_code` of the registry; 0: none
};
template <class T>
using Answer = Result<T, RegistryError>;

}  // namespace braid::registry
