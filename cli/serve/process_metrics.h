// What the operating system says of the process, under the names that all clients of Prometheus use. One thread.
#pragma once

#include "runtime/base/clock.h"
#include "runtime/base/fs.h"
#include "runtime/metrics/registry.h"

namespace braid::cli {

class ProcessMetrics {
 public:
  /// `started_at`: clock reading at the start of the process. All outlive this.
  ProcessMetrics(MetricRegistry& registry, Fs& fs, int64_t started_at);
  /// Before a scrape.
  void update();

 private:
  Fs& fs_;
  Counter& cpu_seconds_;
  Gauge& resident_bytes_;
  Gauge& open_files_;
};

}  // namespace braid::cli
