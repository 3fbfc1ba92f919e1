// How records of one Avro schema are read into the fields of a source: steps over their bytes. Made by the codec from
// the writer's schema and the declared types (runtime/codec/avro_plan.h), followed by its table-driven decoder,
// compiled by the code generator. Plain data that refers by index; immutable once made.
//
// A record is read from its first byte to its last in the order of the writer's schema. Each field of the source is
// settled exactly once on every way through the steps: its leaves are those of [checked<field 0>, checked<field 1>, …].
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/data/type.h"

namespace braid {

struct AvroStep {
  enum class Kind : uint8_t {
    nothing,  ///< no bytes
    varint,   ///< passes a number
    fixed,    ///< passes `size` bytes
    sized,    ///< passes a length and as many bytes
    blocks,   ///< passes the blocks of an array, each item of which is the first child
    record,   ///< the children one after the other
    choice,   ///< the number of a branch, then the child of that number
    again,    ///< the children all begin here; the last one ends where the value ends
    settle,   ///< no bytes: `field` has no value here, and `fault` says why; none: it is null
    read      ///< the value of `field`, as `value` says
  } kind = Kind::nothing;
  uint32_t size = 0;
  uint32_t field = 0;
  uint32_t value = 0;
  ConversionFault fault = ConversionFault::none;
  std::vector<uint32_t> children = {};  ///< steps
};

/// How one value of the writer becomes one of the declared type.
struct AvroValue {
  enum class Form : uint8_t {
    null,
    boolean,        ///< to bool
    number,         ///< `int` and `long`: to int, float, decimal, date
    scaled_number,  ///< the same by `factor`: to time and timestamp
    float32,
    float64,
    sized,          ///< `string` and `bytes`: to string, bytes, and what a JSON string may hold
    fixed,          ///< to bytes, uuid, duration
    sized_decimal,  ///< to decimal, int, float
    fixed_decimal,
    symbol,  ///< to enum, string
    array,   ///< to list
    record,  ///< to struct
    choice,  ///< of children
    other    ///< the declared type cannot take it: passed by the step `pass`
  } form = Form::null;
  Type type = {};         ///< declared, without `?`
  bool optional = false;  ///< a presence leaf comes first
  uint32_t leaves = 0;    ///< that it writes, the presence leaf included
  uint32_t size = 0;      ///< fixed, fixed_decimal: bytes
  int32_t scale = 0;      ///< of the writer's decimals
  int64_t factor = 1;     ///< scaled_number: microseconds of one; below 0: how many there are in a microsecond
  bool local = false;     ///< scaled_number: wall-clock time of the source's zone
  bool is_text = false;   ///< sized: `string`
  uint32_t pass = 0;      ///< other: a step
  std::vector<int32_t> to_symbol = {};  ///< symbol: by number of the writer, that of the declared enum; -1: it has none
  std::vector<std::string> symbols = {};  ///< symbol: of the writer
  std::vector<uint32_t> children = {};    ///< values. array: of an element; choice: by branch

  struct Part {
    bool is_read = false;
    uint32_t index = 0;  ///< of a value that is read, or of a step that passes what nothing reads
    uint32_t leaf = 0;   ///< among the leaves of this value
  };
  std::vector<Part> parts = {};  ///< record: in the writer's order
  struct Absent {
    uint32_t leaf = 0, leaves = 0;
    ConversionFault fault = ConversionFault::none;  ///< none: it is null
  };
  std::vector<Absent> absent = {};  ///< record: parts of the struct that the writer does not have
};

struct AvroPlan {
  std::vector<AvroStep> steps;
  std::vector<AvroValue> values;
  uint32_t root = 0;    ///< the step of a record
  uint64_t schema = 0;  ///< hash of the text of the writer's schema
};

}  // namespace braid
