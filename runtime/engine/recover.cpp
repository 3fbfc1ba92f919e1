// Recovery: lock the directory, read and check `meta`, cut outputs to what is committed, verify inputs, go on. A crash
// at any step: begin again.
#include "runtime/engine/job_run.h"
#include "runtime/engine/output_history.h"
#include "runtime/engine/rebuild.h"

namespace braid {

JobRun::JobRun(const Program& program, const JobOptions& options, const JobSeams& seams)
    : options_(options),
      program_(program),
      seams_(seams),
      store_(program, options, seams),
      outputs_(seams.fs, program, options.directory, options.outputs),
      views_(program, options.views, outputs_, options.view_host),
      turns_(program, options, seams) {}

Status JobRun::recover() {
  BRAID_TRY(store_.lock(options_.lock));
  BRAID_KILL_POINT("after_lock");
  BRAID_TRY(store_.open());
  if (store_.wants_rebuild()) {
    BRAID_TRY(rebuild_states(program_, options_, seams_, store_));
    BRAID_KILL_POINT("after_rebuild");
  }
  last_ = store_.last_epoch();
  BRAID_ASSIGN(StorePlace place, place_of_store(seams_.fs, options_.directory, store_.header().id));
  outputs_.set_store(std::move(place), store_.lost_commits());
  BRAID_TRY(outputs_.recover(store_.state()));
  BRAID_TRY(views_.check_whole(store_.state(), last_.epoch, [this](int product) { return outputs_.knows(product); }));
  BRAID_TRY(store_.begin());
  BRAID_TRY(forget_rebuild(program_, options_, seams_, store_));
  BRAID_KILL_POINT("after_outputs_cut");
  BRAID_TRY(outputs_.claim_products(store_.state()));
  outputs_.claim_early([this]() -> Result<StateStore*> {
    if (in_flight_) BRAID_TRY(in_flight_->wait_for_store());
    return &store_.state();
  });
  turns_.record_answers_in([this]() -> Result<StateStore*> {
    if (in_flight_) BRAID_TRY(in_flight_->wait_for_store());
    return &store_.state();
  });
  if (options_.workers > 1) outputs_.encode_beside(seams_.executor, options_.workers);
  BRAID_KILL_POINT("after_claim");
  BRAID_TRY(store_.keep_identity(false));
  BRAID_TRY(turns_.open(store_, views_));
  const ViewsAt at{
      .epoch = last_.epoch, .watermark = turns_.engine().task_watermark(), .newest = turns_.engine().newest()};
  BRAID_TRY(views_.open(store_.state(), at, [this](const ViewSpec& view, const auto& take) {
    return read_output_history(program_, view, outputs_, seams_.fs, take);
  }));
  BRAID_TRY(turns_.load_tables());
  return turns_.begin();
}

}  // namespace braid
