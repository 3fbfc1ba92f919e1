#include "runtime/tasks/transaction.h"

namespace braid {

BrokerStatus Transaction::begin() {
  if (open_) return {};
  BRAID_TRY(writer_.begin_transaction(patience_us_));
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

BrokerStatus Transaction::commit(const std::vector<OffsetToCommit>& offsets,
                                 const BrokerGroup::Membership& membership) {
  if (failure_) return *failure_;
  BRAID_TRY(begin());
  // The end of a transaction may overtake a record that is still on its way.
  BRAID_TRY(writer_.flush(patience_us_));
  BRAID_TRY(writer_.send_offsets(offsets, membership, patience_us_));
  BRAID_TRY(writer_.commit_transaction(patience_us_));
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
