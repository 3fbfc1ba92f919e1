#include "cli/serve/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <charconv>

namespace braid::cli {

ProcessMetrics::ProcessMetrics(MetricRegistry& registry, Fs& fs, int64_t started_at)
    : fs_(fs),
      cpu_seconds_(
          registry
              .declare({"process_cpu_seconds_total", MetricKind::counter, "User and system CPU time of the process."})
              .counter()),
      resident_bytes_(
          registry.declare({"process_resident_memory_bytes", MetricKind::gauge, "Resident memory of the process."})
              .gauge()),
      open_files_(
          registry.declare({"process_open_fds", MetricKind::gauge, "Open file descriptors of the process."}).gauge()) {
  registry.declare({"process_start_time_seconds", MetricKind::gauge, "Clock reading when the process started."})
      .gauge()
      .set(static_cast<double>(started_at) / 1e6);
}

void ProcessMetrics::update() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    cpu_seconds_.raise_to(seconds(usage.ru_utime) + seconds(usage.ru_stime));
  }
  // Pages: total, resident, …; files of /proc have no size that could be asked for.
  if (const auto statm = fs_.open_reader("/proc/self/statm"); statm.ok()) {
    char pages[128] = {};
    const Result<size_t> read = (*statm)->read_at(0, pages, sizeof pages);
    const std::string_view text(pages, read.ok() ? *read : 0);
    const size_t blank = std::min(text.find(' '), text.size());
    uint64_t resident = 0;
    std::from_chars(text.data() + std::min(blank + 1, text.size()), text.data() + text.size(), resident);
    resident_bytes_.set(static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)));
  }
  if (const auto files = fs_.list_directory("/proc/self/fd"); files.ok())
    open_files_.set(static_cast<double>(files->size()));
}

}  // namespace braid::cli
