#include "runtime/engine/serve_views.h"

#include "runtime/engine/job_store.h"
#include "runtime/engine/job_views.h"

namespace braid {

Status serve_views(const Program& program, const JobOptions& options, const JobSeams& seams, ViewHost& host) {
  BRAID_ASSIGN(const std::unique_ptr<FileLock> lock, lock_store(seams.fs, options.directory));
  BRAID_ASSIGN(const std::unique_ptr<StateStore> store, seams.open_to_read(join_path(options.directory, "state")));
  // The job has just run with these views, so all are there.
  BRAID_TRY(JobViews::show(program, options.views, options.directory, *store, host));
  constexpr int64_t kLookEvery = 50'000;
  while (!options.stop_requested || !options.stop_requested()) seams.clock.sleep_us(kLookEvery);
  host.close();
  return {};
}

}  // namespace braid
