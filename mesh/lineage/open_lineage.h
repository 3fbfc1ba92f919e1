// Lineage as an event of OpenLineage 2-0-2 (https://openlineage.io/spec/2-0-2/OpenLineage.json): a JobEvent, which
// tells what a flow reads and writes, as it was checked, without a run of it. One job for each product; views are part
// of it. Facets: jobType 2-0-4 of the job; schema 1-2-0, columnLineage 1-2-0 and tags 1-0-0 (labels) of the data sets.
#pragma once

#include <functional>
#include <string>

#include "mesh/lineage/graph.h"

namespace braid::mesh {

/// As OpenLineage names what is read and written: "kafka://broker:9092" and a topic; "file" and a path.
struct Dataset {
  std::string space;
  std::string name;
};

struct EventContext {
  std::string producer;  ///< URI of the program that tells it
  std::string space;     ///< namespace of the jobs: "braid://prod"
  int64_t time_us = 0;   ///< eventTime, since 1970
  /// Where the rows of a relation or a port are.
  std::function<Dataset(const Reading&)> place;
};

/// One JSON object, in lines, for the product.
std::string job_event(const Graph& graph, typed::RelationId product, const EventContext& context);

}  // namespace braid::mesh
