// The lineage of a project: fields as nodes, one edge for each way by which a value comes from another, composed along
// flows. Refers to the project, which outlives it. One thread: answers are kept.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/lineage/flow.h"

namespace braid::mesh {

using lineage::Influence;
using lineage::Influences;
using lineage::Kind;
using lineage::Origin;
using lineage::Reading;

/// How far up to look: to the sources, or to the nearest sources and products, what lies between being one flow.
enum class Until { sources, products };

/// Of a field, from there.
struct Composed {
  std::map<Origin, Kind> values;
  Influences conditions;  ///< of the value itself; what decides the rows is apart
};

class Graph {
 public:
  explicit Graph(const typed::Project& project);
  /// `flows`: of each relation of the project.
  Graph(const typed::Project& project, std::vector<lineage::RelationFlow> flows);

  const typed::Project& project() const { return project_; }
  const typed::Relation& relation(typed::RelationId id) const { return project_.relations[static_cast<size_t>(id)]; }
  const lineage::RelationFlow& flow(typed::RelationId id) const { return flows_[static_cast<size_t>(id)]; }
  bool is_source(typed::RelationId id) const { return relation(id).source.has_value(); }
  /// The fields of a relation or a port, structs by their parts, in order. Fields that no script can name are left out.
  std::vector<Origin> fields(const Reading& reading) const;
  /// The fields as they are declared. Those that no script can name are left out.
  std::vector<Field> row(const Reading& reading) const;
  /// Where `path`, names with dots, stands in the relation: the field itself, or the parts of it. Empty: nowhere.
  std::vector<Origin> find(typed::RelationId relation, const std::string& path) const;
  /// What a field is made of, one hop. Of a source: nothing but its own other fields.
  lineage::Shape made_of(const Origin& field) const;
  /// What decides which rows there are, one hop.
  const Influences& decides(const Reading& reading) const;
  /// The same from further up. Conditions keep the kind of the step nearest to the field.
  Composed composed(const Origin& field, Until until) const;
  Influences composed_rows(const Reading& reading, Until until) const;
  /// Those of composed(field).values that come through a mask: of a product that the flow reads as another reader, or
  /// of what the field's own product puts out.
  std::set<Origin> masked(const Origin& field, Until until) const;
  /// What the flow of a product or view reads there.
  std::set<Reading> reads(typed::RelationId id, Until until) const;

  /// By the flow, and by the views that are part of it, each call once.
  std::vector<typed::Declassification> declassified(typed::RelationId id) const;

  /// "payments.payment", with the port: "payments.payment.late".
  std::string name(const Reading& reading) const;
  /// "customer.id"; "event_time()" of what is no field.
  std::string field_name(const Origin& field) const;
  std::string name(const Origin& field) const {
    return name(Reading{field.relation, field.port}) + "." + field_name(field);
  }
  /// Null where the field has no type of its own: the time beside the row.
  Type type(const Origin& field) const;
  /// "product", "view", "stream", "table".
  std::string_view kind(typed::RelationId id) const;

 private:
  bool ends(typed::RelationId id, Until until) const;
  bool is_masked_view(const Origin& field) const;
  void add_masked(const Origin& field, Until until, std::set<Origin>& made) const;
  const Composed& from(const Origin& origin, Until until) const;
  const lineage::Rows* rows(const Reading& reading) const;

  const typed::Project& project_;
  std::vector<lineage::RelationFlow> flows_;
  mutable std::map<std::pair<Origin, Until>, Composed> known_;  ///< of fields that were asked for
};

}  // namespace braid::mesh
