// What happens to a job as lines for programs: one JSON object a line on standard error, for `run --log json`. With
// `--log text` it writes nothing: people get the progress line and the report. One thread.
#pragma once

#include <string_view>

#include "cli/present/json_object.h"
#include "runtime/base/clock.h"

namespace braid::cli {

enum class LogLevel { debug, info, warn, error };

class JobLog {
 public:
  JobLog(bool structured, LogLevel least, Clock& clock) : structured_(structured), least_(least), clock_(clock) {}

  bool structured() const { return structured_; }
  /// `fields`: written behind time, level and event. Names of events and fields stay; docs/operations/README.md lists
  /// them.
  void write(LogLevel level, std::string_view event, JsonObject fields = {}) const;

 private:
  bool structured_;
  LogLevel least_;
  Clock& clock_;
};

}  // namespace braid::cli
