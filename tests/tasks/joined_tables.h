// Two tables joined by a field of their row, and what that comes to by a key, as the compiler lowers it.
#pragma once

#include <string>
#include <vector>

#include "runtime/data/row_change.h"
#include "runtime/engine/test_program.h"

namespace braid::test {

inline Field retracted_mark() {
  return {std::string(kRetracted), bool_type()};
}

/// The versions of a source as changes. `keys`: fields of its row.
inline int changes_of_versions(ProgramBuilder& b, int source, std::vector<int> keys) {
  Operator latest;
  latest.content = LatestOperator{.versions = true, .fields = 3, .deleted = -1, .keys = std::move(keys)};
  latest.inputs = {source};
  latest.row = b.row(source);
  latest.row.push_back(retracted_mark());
  latest.derived = true;
  latest.text = "latest";
  return b.add(std::move(latest));
}

/// The pairs of two tables that agree in the field `by`, published by `key`, a field of the left one.
inline int publish_joined(ProgramBuilder& b, int left, int right, int by, int key, const std::string& name = "result") {
  Operator join;
  TableJoinOperator tables;
  for (TableJoinOperator::Side& side : tables.sides) side = {.fields = 3, .retracted = 3, .keys = {by}};
  join.content = tables;
  join.inputs = {left, right};
  join.row = b.row(left);
  join.row.back() = {"x", struct_type({b.row(right).begin(), b.row(right).end() - 1})};
  join.row.push_back(retracted_mark());
  join.derived = true;
  join.text = "join tables";
  const int joined = b.add(std::move(join));
  Operator net;
  net.content = NetOperator{.fields = 4, .retracted = 4, .keys = {key}};
  net.inputs = {joined};
  net.row = b.row(joined);
  net.row.back() = {std::string(kChange), int_type()};
  net.derived = true;
  net.text = "changes";
  const int published = b.publish(b.add(std::move(net)), name);
  ProductSpec& product = b.program.products.back();
  product.changes = true;
  product.row.pop_back();
  return published;
}

}  // namespace braid::test
