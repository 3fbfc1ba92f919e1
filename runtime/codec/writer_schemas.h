// Schemas of records that name the schema they were written with: the seam between decoders and a schema registry.
//
// A record's framing (schema_framing.h) gives a SchemaId. Decoders ask for the schema once per id and keep what they
// make of it, since an id never gets another schema. Behind the seam is a client of a registry, a map in tests, or a
// folder of files; nothing here knows of a network.
//
// Who asks when: whoever reads a partition asks for each id that is new in a turn before the turn is decoded, and
// pauses the partition where the answer is `not_now` or `unknown`. So a decoder meets only ids that are found. Threads:
// find() may be called on any thread, on several at once.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace braid {

/// Which schema a record has, in the words of its framing.
struct SchemaId {
  enum class Kind : uint8_t { number, guid } kind = Kind::number;
  uint32_t number = 0;                ///< of the registry that the record's topic belongs to
  std::array<uint8_t, 16> guid = {};  ///< the same in all registries; bytes in the order of its text
  auto operator<=>(const SchemaId&) const = default;
};
/// "42", or "8-4-4-4-12" hexadecimal digits.
std::string to_string(const SchemaId& id);

enum class SchemaLanguage : uint8_t { avro, protobuf, json_schema };

/// Immutable.
struct WriterSchema {
  struct Reference {
    std::string name;  ///< by which a schema refers to it: a full name (Avro), a path to import (Protobuf)
    std::string text;
  };
  SchemaLanguage language = SchemaLanguage::avro;
  std::string text;                   ///< as the registry has it
  std::vector<Reference> references;  ///< all that it needs, also indirectly; each behind those that it needs itself
};

struct SchemaAnswer {
  enum class State : uint8_t {
    found,
    unknown,  ///< the registry answers, and has no such schema. It may have one later
    not_now   ///< the registry does not answer; ask again later
  } state = State::not_now;
  std::shared_ptr<const WriterSchema> schema = {};  ///< where found
  std::string reason = {};                          ///< why not, for people
};

class WriterSchemas {
 public:
  virtual ~WriterSchemas() = default;
  /// What is found once is found at once later, without waiting. A new id may take as long as the client's time-outs.
  virtual SchemaAnswer find(const SchemaId& id) = 0;
};

}  // namespace braid
