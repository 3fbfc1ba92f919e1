// Lineage as an event of OpenLineage 2-0-2 (https://openlineage.io/spec/2-0-2/OpenLineage.json): a JobEvent, which
// tells what a flow reads and writes, as it was checked, without a run of it. One job for each product; views are part
// of it. Facets: jobType 2-0-4 of the job, for one that is deployed also sourceCode 1-0-1 and sourceCodeLocation 1-1-0;
// schema 1-2-0, columnLineage 1-2-0 and tags 1-0-0 (labels) of the data sets. Events of runs: run_event.h.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "mesh/lineage/graph.h"

namespace braid::mesh {

/// As OpenLineage names what is read and written: "kafka://broker:9092" and a topic; "file" and a path.
struct Dataset {
  std::string space;
  std::string name;
};

/// How a job that is deployed runs, and of which script.
struct Deployed {
  bool streaming = true;  ///< it follows its inputs
  int64_t every_us = 0;   ///< of its events while it runs
  std::string script;     ///< text
  std::string location;   ///< URI of its file
};

struct EventContext {
  std::string producer;  ///< URI of the program that tells it
  std::string space;     ///< namespace of the jobs: "braid://prod"
  int64_t time_us = 0;   ///< eventTime, since 1970
  /// Where the rows of a relation or a port are.
  std::function<Dataset(const Reading&)> place;
  std::optional<Deployed> deployed = {};
};

/// "shop.paid.v2": the name of the product's job.
std::string job_name(const typed::Relation& product);

/// One JSON object, in lines, for the product.
std::string job_event(const Graph& graph, typed::RelationId product, const EventContext& context);

}  // namespace braid::mesh
