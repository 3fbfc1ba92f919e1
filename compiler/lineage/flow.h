// Which fields a field is made of, and which fields decide what rows there are: one hop, from the relations that a flow
// reads to its result. The checker follows labels with it; mesh/lineage composes the hops and prints them.
//
// Sound, not exact: a field that is not among the origins of an output field, nor among those of its rows, can change
// without a change of that output field. Broken records are another matter: a field whose bytes cannot be read rejects
// its record.
//
// Pure functions of a typed project without errors; plain values.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "compiler/typed/project.h"

namespace braid::lineage {

/// How a value came from another. In order: of two ways the later one counts, one after the other, too.
enum class Kind : uint8_t {
  identity,        ///< it is that value
  transformation,  ///< computed from it
  aggregation      ///< computed from it in several rows
};
/// How a field decides what rows or values there are, without being part of them.
enum class Influence : uint8_t { join, filter, group_by, sort, window, conditional };

/// "IDENTITY", "GROUP_BY": as OpenLineage has them.
std::string_view word(Kind kind);
std::string_view word(Influence influence);

/// A field of a relation that a flow reads, or a part of it.
struct Origin {
  typed::RelationId relation;
  std::string port;       ///< empty: the relation's rows
  std::vector<int> path;  ///< indexes of fields; {kEventTime}: when a row happened, where that is no field
  auto operator<=>(const Origin&) const = default;
};
inline constexpr int kEventTime = -1;

using Influences = std::set<std::pair<Origin, Influence>>;

/// What a value is made of. What stands at a struct itself holds for each of its parts.
struct Shape {
  std::map<Origin, Kind> values;
  Influences conditions;
  std::set<std::string> labels;
  std::vector<Shape> parts;  ///< of a struct or a list of structs, one for each field; empty: they are not told apart
};

/// The fields of a struct, `T?` of it, or a list of these: what a Shape's parts stand for. Null of other types.
const std::vector<Field>* parts_of(const Type& type);
/// Adds what another way to the value brings.
void merge(Shape& into, const Shape& other);
/// All of it as one value without parts.
Shape flat(const Shape& shape);
/// Its values are `kind` at least.
Shape raised(Shape shape, Kind kind);

/// Rows that a flow gives: its result, or a port.
struct Rows {
  std::vector<Field> row;
  std::vector<Shape> fields;
  Shape time;         ///< of the event time, where that is no field
  Influences decide;  ///< which rows there are, and in which order
};

struct Reading {
  typed::RelationId relation;
  std::string port;
  auto operator<=>(const Reading&) const = default;
};

/// Of a relation. A source's origins are its own fields.
struct RelationFlow {
  Rows result;
  std::map<std::string, Rows> ports;  ///< of a product: `rejected`, `late`, `unmatched`, `alerts`, and those of `else`
  std::set<Reading> reads;
  std::vector<typed::Declassification> declassified;  ///< by its steps, each once; `next` is null
  /// What decides a `case` without `else` that names each symbol of an enum.
  std::set<Origin> whole_cases = {};
};

/// Of each relation of the project, by its id.
std::vector<RelationFlow> flows(const typed::Project& project);

/// Fills `field_labels` of every relation, from its flow; those are the result. Nothing if the script labels nothing.
std::optional<std::vector<RelationFlow>> follow_labels(typed::Project& project);

}  // namespace braid::lineage
