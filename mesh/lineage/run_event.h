// Events of a run of a flow: RunEvents of OpenLineage 2-0-2, each with all that the JobEvent says of the flow
// (open_lineage.h), so that none needs another one to be understood. Facets: processing_engine 1-1-1 and errorMessage
// 1-0-1 of the run, outputStatistics 1-0-2 of the output.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace braid::mesh {

/// A product whose flow a job runs.
struct DescribedFlow {
  std::string product;  ///< qualified
  int64_t version = 1;
  std::string described;  ///< a JobEvent (open_lineage.h)
};

struct RowsWritten {
  int64_t rows = 0;
  std::optional<int64_t> bytes = {};  ///< none: not known
  friend bool operator==(const RowsWritten&, const RowsWritten&) = default;
};

struct RunMoment {
  std::string type;  ///< "START", "RUNNING", "COMPLETE", "ABORT" or "FAIL"
  int64_t time_us = 0;
  std::string run;                     ///< UUID
  std::optional<RowsWritten> written;  ///< to the output
  std::string error = {};              ///< of FAIL
};

class RunEvents {
 public:
  /// `described`: a JobEvent as job_event() gives it. `engine`: version of Braid.
  RunEvents(const std::string& described, const std::string& engine);
  ~RunEvents();
  RunEvents(RunEvents&&) noexcept;
  RunEvents& operator=(RunEvents&&) noexcept;

  /// In one line, without its end.
  std::string at(const RunMoment& moment) const;
  /// What is deployed, whenever: two jobs that say the same are one deployment.
  std::string deployment() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;  // the library of JSON stays in one file
};

/// "019a…-7…": a UUID of version 7 of that instant. `random`: 32 hexadecimal digits (Fs::unique_id).
std::string run_id(int64_t time_us, const std::string& random);

}  // namespace braid::mesh
