// The runs of a job that have not ended, as a file keeps them while the job is down. Plain values; pure functions.
#pragma once

#include <map>
#include <string>

#include "mesh/lineage/run_event.h"
#include "runtime/base/result.h"

namespace braid::mesh {

struct OpenRun {
  std::string id;                     ///< UUID
  std::string deployment;             ///< hash of what is deployed
  std::string ended_by;               ///< the event, in one line, that ends it if another deployment takes its place
  std::optional<RowsWritten> before;  ///< what the output had when it began
  friend bool operator==(const OpenRun&, const OpenRun&) = default;
};

/// By the name of the job.
using RunBook = std::map<std::string, OpenRun>;

std::string to_json(const RunBook& book);
Result<RunBook> read_run_book(const std::string& text);

/// The event with another time: of `ended_by`, when it is known.
std::string event_at(const std::string& event, int64_t time_us);

}  // namespace braid::mesh
