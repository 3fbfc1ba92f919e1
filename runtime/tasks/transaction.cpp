#include "runtime/tasks/transaction.h"

#include "runtime/base/rng.h"

namespace braid {

BrokerStatus Transaction::begin() {
  if (open_) return {};
  if (!attempts_) BRAID_TRY(writer_.begin_transaction(patience_us_));
  open_ = true;
  return {};
}

void Transaction::write(const NewRecord& record) {
  if (failure_) return;
  BrokerStatus written = begin();
  if (written.ok()) written = writer_.write(record);
  if (!written.ok() && open_ && written.error().fault == BrokerFault::retry) {
    // The queue is full.
    written = writer_.flush(patience_us_);
    if (written.ok()) written = writer_.write(record);
  }
  if (!written.ok()) failure_ = written.error();
}

uint64_t Transaction::next_attempt() {
  return attempts_ ? hash_mix(*attempts_, ++attempt_) | 1 : 0;
}

BrokerStatus Transaction::commit(const std::vector<OffsetToCommit>& offsets, BrokerGroup& group) {
  if (failure_) return *failure_;
  BRAID_TRY(begin());
  // The end of a transaction, or offsets, may overtake a record that is still on its way.
  BRAID_TRY(writer_.flush(patience_us_));
  if (before_offsets) before_offsets();
  if (attempts_) {
    BRAID_TRY(group.commit(offsets, patience_us_));
  } else {
    BRAID_TRY(writer_.send_offsets(offsets, *group.membership(), patience_us_));
    BRAID_TRY(writer_.commit_transaction(patience_us_));
  }
  open_ = false;
  return {};
}

BrokerStatus Transaction::abort() {
  failure_.reset();
  if (!std::exchange(open_, false)) return {};
  return writer_.abort_transaction(patience_us_);
}

void Transaction::forget() {
  failure_.reset();
  open_ = false;
}

}  // namespace braid
